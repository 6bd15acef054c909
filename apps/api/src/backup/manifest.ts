import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import * as z from "zod";

/** The version of the archive's format. One that is newer is refused. */
export const backupFormat = 1;

/** Where the parts of the state are in an archive: nothing else may be in it. */
export const databaseName = "quarterdeck.db";
export const sealedKeysName = "keys.sealed";
export const relayName = /^relay\/[0-9a-f]{64}\.sqlite$|^relay\/metadata\.sqlite$/;
export const bridgeName = /^bridge\/(identity|launch)\.json$/;

const nameSchema = z
  .string()
  .refine(
    (name) => name === databaseName || name === sealedKeysName || relayName.test(name) || bridgeName.test(name),
    "a file that no backup has",
  );

const fileSchema = z.strictObject({
  name: nameSchema,
  bytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BackedUpFile = z.infer<typeof fileSchema>;

/** What an archive says of itself. */
export const manifestSchema = z.strictObject({
  format: z.literal(backupFormat),
  platformVersion: z.string(),
  madeAtMs: z.int(),
  /** `server`: the database was read from a libSQL server, row by row. */
  databaseKind: z.enum(["file", "server"]),
  /** How many rows each table had. */
  rows: z.record(z.string(), z.int().min(0)),
  files: z.array(fileSchema),
  /** How the passphrase becomes the key that opens `keys.sealed`; null where the keys were left out. */
  keys: z.strictObject({ salt: z.string() }).nullable(),
  /** The secrets in the database open with a key that the environment has, which is in no backup. */
  needsMasterKeyFromEnvironment: z.boolean(),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

export function sha256Hex(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

import { randomBytes } from "node:crypto";
import * as z from "zod";
import { keyPath, readOrCreate } from "./key-files.ts";

const masterKeySchema = z.strictObject({ masterKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });

/**
 * The key that the secrets in the database are sealed with: the environment's, or one in the data directory that the first
 * start makes. Without it they are lost; a copy of the database alone shows nothing of them.
 */
export async function loadMasterKey(dataDir: string, given: string | null): Promise<Buffer> {
  if (given !== null) return Buffer.from(given, "base64url");
  const { masterKey } = await readOrCreate(keyPath(dataDir, "master"), masterKeySchema, async () => ({
    masterKey: randomBytes(32).toString("base64url"),
  }));
  return Buffer.from(masterKey, "base64url");
}

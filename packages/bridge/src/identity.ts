import { existsSync, readFileSync } from "node:fs";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { idSchema } from "@quarterdeck/core/ids";
import { storedSealingKeySchema } from "@quarterdeck/core/protocol/hpke";
import { keySetSchema } from "@quarterdeck/core/protocol/key-set";
import { publicKeySchema } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import type { DataDirectory } from "./data-directory.ts";
import { writeDurably } from "./durable-file.ts";

/** Who this bridge is, and whose commands it obeys. Made when it enrols; it holds the private keys. */
export const identitySchema = z.strictObject({
  serverId: idSchema("server"),
  orgId: idSchema("org"),
  publicKey: publicKeySchema,
  privateKeyPkcs8: z.string(),
  sealingKey: storedSealingKeySchema,
  platformKeys: keySetSchema,
  /** Keys that were obeyed once, newest last. They vouch for what the journal holds and for nothing that comes. */
  formerPlatformKeys: z.array(publicKeySchema).max(64),
  relayUrl: z.string(),
  apiUrl: z.string(),
  /** An address that may be used without encryption, because the owner named it when the server was enrolled. */
  allowedAddress: z.string().optional(),
});
export type Identity = z.infer<typeof identitySchema>;

export function hasIdentity(data: DataDirectory): boolean {
  return existsSync(data.identityFile);
}

export function writeIdentity(data: DataDirectory, identity: Identity): void {
  writeDurably(data.identityFile, `${JSON.stringify(identity, undefined, 2)}\n`);
}

/** @throws QuarterdeckError when the bridge is not enrolled, or its identity cannot be read */
export function readIdentity(data: DataDirectory): Identity {
  if (!hasIdentity(data)) {
    throw new QuarterdeckError(
      "UNAUTHENTICATED",
      `This server is not connected yet: ${data.path} holds no identity. Use the command that the console shows under "Connect a server".`,
    );
  }
  try {
    return identitySchema.parse(JSON.parse(readFileSync(data.identityFile, "utf8")));
  } catch (error) {
    throw new QuarterdeckError(
      "INTERNAL",
      `${data.identityFile} is damaged. Restore it from a backup, or remove ${data.path} and connect the server again.`,
      { cause: error },
    );
  }
}

import { existsSync, readFileSync } from "node:fs";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { idSchema } from "@quarterdeck/core/ids";
import { storedSealingKeySchema } from "@quarterdeck/core/protocol/hpke";
import { keySetSchema } from "@quarterdeck/core/protocol/key-set";
import { publicKeySchema } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import { writeDurably } from "../durable-file.ts";
import type { KeyStore } from "../verification/platform-keys.ts";

/** Whom the helper obeys, and who its server is. Only root can change it; statements of the platform advance its keys. */
const trustSchema = z.strictObject({
  serverId: idSchema("server"),
  /** Of the bridge's key: commands are signed for it. */
  keyFingerprint: z.string(),
  /** Opens the sealed parts of commands. */
  sealingKey: storedSealingKeySchema,
  platformKeys: keySetSchema,
  formerPlatformKeys: z.array(publicKeySchema).max(64),
});
export type Trust = z.infer<typeof trustSchema>;

/** @throws QuarterdeckError when there is none, or it cannot be read */
export function readTrust(path: string): Trust {
  if (!existsSync(path))
    throw new QuarterdeckError(
      "UNAUTHENTICATED",
      `The helper does not know whom to obey: ${path} is not there. Make it, as root: quarterdeck-bridge helper init`,
    );
  try {
    return trustSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new QuarterdeckError(
      "INTERNAL",
      `${path} is damaged. Restore it from a backup, or remove it and make it anew, as root: quarterdeck-bridge helper init`,
      { cause: error },
    );
  }
}

export function writeTrust(path: string, trust: Trust): void {
  writeDurably(path, `${JSON.stringify(trust, undefined, 2)}\n`);
}

export function trustedKeyStore(path: string): KeyStore {
  return {
    read: () => readTrust(path),
    write: ({ platformKeys, formerPlatformKeys }) =>
      writeTrust(path, { ...readTrust(path), platformKeys, formerPlatformKeys: [...formerPlatformKeys] }),
  };
}

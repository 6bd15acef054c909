import { existsSync } from "node:fs";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { keyFingerprint } from "@quarterdeck/core/protocol/signing";
import type { Identity } from "../identity.ts";
import { readTrust, writeTrust, type Trust } from "./trust-file.ts";

/**
 * Has the helper obey the platform that a bridge was enrolled with. That is done once: what the bridge's user wrote into its
 * identity later changes nothing.
 *
 * @returns whether it was made now, or was there for the same bridge
 * @throws QuarterdeckError `CONFLICT` when the helper obeys for another bridge
 */
export async function makeTrust(path: string, identity: Identity): Promise<"made" | "known"> {
  const { serverId, publicKey, sealingKey, platformKeys, formerPlatformKeys } = identity;
  const fingerprint = await keyFingerprint(publicKey);
  if (existsSync(path)) {
    const known = readTrust(path);
    if (isSame(known, { serverId, keyFingerprint: fingerprint, sealingKey })) return "known";
    throw new QuarterdeckError(
      "CONFLICT",
      `The helper is for ${known.serverId}, and the bridge is ${serverId} with the key ${fingerprint}. If you connected this server anew, remove ${path} and run this again; if not, somebody changed the bridge's identity.`,
    );
  }
  writeTrust(path, { serverId, keyFingerprint: fingerprint, sealingKey, platformKeys, formerPlatformKeys });
  return "made";
}

function isSame(a: Trust, b: Pick<Trust, "serverId" | "keyFingerprint" | "sealingKey">): boolean {
  return (
    a.serverId === b.serverId &&
    a.keyFingerprint === b.keyFingerprint &&
    JSON.stringify(a.sealingKey) === JSON.stringify(b.sealingKey)
  );
}

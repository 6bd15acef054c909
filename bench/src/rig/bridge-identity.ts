import { generateSealingKey } from "@quarterdeck/core/protocol/hpke";
import type { KeySet } from "@quarterdeck/core/protocol/key-set";
import { generateSigningKey } from "@quarterdeck/core/protocol/signing";
import { id, orgId } from "../../../apps/relay/test/platform.ts";
import type { Identity } from "../../../packages/bridge/src/identity.ts";

/** Who a new server is, as its enrolment would have written it down. */
export async function makeIdentity(platformKeys: KeySet, relayUrl: string): Promise<Identity> {
  const [key, sealingKey] = await Promise.all([generateSigningKey(), generateSealingKey()]);
  const pinned = { platformKeys, formerPlatformKeys: [] };
  return { serverId: id("server"), orgId, ...key, sealingKey, ...pinned, relayUrl, apiUrl: "http://127.0.0.1" };
}

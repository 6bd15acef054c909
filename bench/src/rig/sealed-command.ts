import { randomBytes } from "node:crypto";
import type { RunId } from "@quarterdeck/core/ids";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import type { StreamKey } from "@quarterdeck/core/protocol/run-key";
import { joinSealedPart, sealStreamKey } from "@quarterdeck/core/protocol/sealed-part";
import { keyFingerprint, sha256Base64Url } from "@quarterdeck/core/protocol/signing";
import { type Platform, workspaceId } from "../../../apps/relay/test/platform.ts";
import type { Identity } from "../../../packages/bridge/src/identity.ts";

const streamKey: StreamKey = { epoch: 1, key: randomBytes(32).toString("base64url") };

/** A command with a sealed part that its bridge can open, as the API makes it and hands it to the relay. */
export async function sealedCommand(
  platform: Platform,
  { serverId, publicKey, sealingKey }: Identity,
): Promise<{ readonly runId: RunId; readonly entry: CommandText & { readonly kind: "command" } }> {
  const ids = { serverId, workspaceId, projectId: null };
  const sealed = joinSealedPart({
    streamKey: await sealStreamKey(streamKey, sealingKey.publicKey, ids),
    secretInput: null,
  });
  const { command, signed, signature } = await platform.command(serverId, {
    bridgeKeyFingerprint: await keyFingerprint(publicKey),
    params: { program: "true", args: [] },
    sealedHash: await sha256Base64Url(sealed),
  });
  return { runId: command.runId, entry: { kind: "command", signed, signature, sealed } };
}

import { randomBytes } from "node:crypto";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import {
  relayCertificateSchema,
  welcomeBodySchema,
  type Challenge,
  type HelloBody,
  type WelcomeBody,
} from "@quarterdeck/core/protocol/handshake";
import { openSigned, sha256Base64Url, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { negotiate, protocolRange } from "@quarterdeck/core/protocol/version";

interface HelloInputs {
  readonly challenge: Challenge;
  /** The challenge frame's exact text. */
  readonly challengeText: string;
  readonly platformKeys: readonly string[];
  readonly privateKey: CryptoKey;
  readonly self: Pick<HelloBody, "serverId" | "sessionId" | "bootId" | "capabilities" | "received" | "keysVersion">;
  readonly nowMs: number;
}

/** Checks who the relay claims to be, and answers its challenge. */
export async function answerChallenge(inputs: HelloInputs): Promise<Result<{ text: SignedText; relayKey: string }>> {
  const { challenge, platformKeys, nowMs } = inputs;
  const certificate = await openSigned(challenge.relayCertificate, {
    keys: platformKeys,
    domain: "relayCertificate",
    schema: relayCertificateSchema,
  });
  if (!certificate.ok)
    return refuse(
      "SIGNATURE_INVALID",
      "No key that this server knows vouches for the relay. If the platform's keys were changed meanwhile, connect the server again: remove its data directory and use a new command from the console. Otherwise somebody may be in between. Nothing was sent.",
    );
  if (certificate.value.expiresAtMs <= nowMs)
    return refuse(
      "SIGNATURE_INVALID",
      "The relay's certificate has expired, or this server's clock is wrong. Check the clock.",
    );
  if (!negotiate(protocolRange, challenge.protocolRange))
    return refuse(
      "VERSION_UNSUPPORTED",
      "The relay speaks no protocol version that this bridge knows. Update quarterdeck-bridge.",
    );
  const body: HelloBody = {
    challengeHash: await sha256Base64Url(inputs.challengeText),
    protocolRange,
    ...inputs.self,
    bridgeNonce: randomBytes(32).toString("base64url"),
  };
  return accept({
    text: await signText(inputs.privateKey, "hello", JSON.stringify(body)),
    relayKey: certificate.value.relayKey,
  });
}

/** Checks that the welcome answers this very hello and comes from the relay that the platform vouched for. */
export async function checkWelcome(
  welcome: SignedText,
  { hello, relayKey }: { hello: SignedText; relayKey: string },
): Promise<Result<WelcomeBody>> {
  const text = { signed: welcome.signed, signature: welcome.signature };
  const opened = await openSigned(text, { keys: [relayKey], domain: "welcome", schema: welcomeBodySchema });
  if (!opened.ok) return opened;
  if (opened.value.helloHash !== (await sha256Base64Url(hello.signed)))
    return refuse("SIGNATURE_INVALID", "The relay's welcome answers another hello.");
  const { protocol } = opened.value;
  if (!negotiate(protocolRange, { min: protocol, max: protocol }))
    return refuse("VERSION_UNSUPPORTED", "The relay chose a protocol version that this bridge did not offer.");
  return opened;
}

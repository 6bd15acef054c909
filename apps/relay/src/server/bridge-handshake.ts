import { toBase64Url } from "@quarterdeck/core/base64";
import { errorRule } from "@quarterdeck/core/errors/codes";
import { accept, refuse, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import type { ServerId } from "@quarterdeck/core/ids";
import { encodeFrame } from "@quarterdeck/core/protocol/codec";
import { helloBodySchema, type Challenge, type HelloBody } from "@quarterdeck/core/protocol/handshake";
import {
  importSigningKey,
  openSigned,
  sha256Base64Url,
  signText,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";
import { protocolRange, type Version } from "@quarterdeck/core/protocol/version";
import { checkServer, judgeHello, unregisteredRetryMs, welcomeBody, type HelloContext } from "../session/handshake.ts";
import { quarantineLeftMs } from "../session/quarantine.ts";
import type { ObjectState } from "./object-state.ts";
import { tryClose, trySend } from "./socket-errors.ts";

/** A server that is not announced yet is asked to come again, whatever the table says about offline servers. */
const comeAgainCloseCode = 4408;

/** A hello that may be welcomed, and the welcome, signed for `epoch`. */
export interface Accepted {
  readonly hello: HelloBody;
  readonly epoch: number;
  readonly welcome: SignedText;
}

/** The first frame on a bridge's connection. The hello must name the hash of its exact text. */
export async function makeChallenge(state: ObjectState, nowMs: number): Promise<{ text: string; hash: string }> {
  const challenge: Challenge = {
    type: "challenge",
    relayNonce: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
    relayTimeMs: nowMs,
    protocolRange,
    relayCertificate: state.trust.relayCertificate,
  };
  const text = encodeFrame(challenge);
  return { text, hash: await sha256Base64Url(text) };
}

/** Verifies a hello and prepares the welcome. Nothing is stored: the caller does that, if the epoch is still the next. */
export async function answerHello(
  state: ObjectState,
  hello: SignedText,
  connection: { readonly serverId: ServerId; readonly challengeHash: string },
): Promise<Result<Accepted>> {
  const verified = await verifyHello(state, hello, connection);
  if (!verified.ok) return verified;
  const { body, protocol } = verified.value;
  const helloHash = await sha256Base64Url(hello.signed);
  const key = await importSigningKey(state.settings.relayPrivateKey);
  for (;;) {
    const server = state.server();
    const epoch = server.epoch + 1;
    const resultsReceived = server.sessionId === body.sessionId ? server.resultsReceived : 0;
    const nowMs = Date.now();
    const { spreadMs } = server;
    const text = JSON.stringify(welcomeBody({ helloHash, protocol, epoch, resultsReceived, spreadMs, nowMs }));
    const welcome = await signText(key, "welcome", text);
    // Another connection may have been welcomed, or the server revoked, while this one was signed.
    const still = checkServer(contextOf(state, connection));
    if (!still.ok) return still;
    if (state.server().epoch + 1 === epoch) return accept({ hello: body, epoch, welcome });
  }
}

async function verifyHello(
  state: ObjectState,
  hello: SignedText,
  connection: { readonly serverId: ServerId; readonly challengeHash: string },
): Promise<Result<{ body: HelloBody; protocol: Version }>> {
  const context = contextOf(state, connection);
  const key = checkServer(context);
  if (!key.ok) return key;
  const opened = await openSigned(hello, { keys: [key.value], domain: "hello", schema: helloBodySchema });
  if (!opened.ok) {
    if (opened.error.code !== "SIGNATURE_INVALID") return opened;
    return refuse("UNAUTHENTICATED", "The hello is not signed with this server's key. Enrol the server again.");
  }
  const leftMs = quarantineLeftMs(state.server(), Date.now());
  if (leftMs > 0) {
    return refuse(
      "RATE_LIMITED",
      `The bridge sent too many frames. It may come back in ${Math.ceil(leftMs / 1000)} s.`,
    );
  }
  const judged = judgeHello(context, opened.value);
  return judged.ok ? accept({ body: opened.value, protocol: judged.value }) : judged;
}

function contextOf(
  state: ObjectState,
  connection: { readonly serverId: ServerId; readonly challengeHash: string },
): HelloContext {
  const { publicKey, isRevoked } = state.server();
  return { ...connection, publicKey, isRevoked };
}

/** Says why a bridge is not let in, and closes. */
export function refuseBridge(state: ObjectState, socket: WebSocket, { code, message }: Refusal): void {
  const quarantineMs = code === "RATE_LIMITED" ? quarantineLeftMs(state.server(), Date.now()) : null;
  const retryAfterMs = code === "SERVER_OFFLINE" ? unregisteredRetryMs : quarantineMs;
  trySend(socket, encodeFrame({ type: "refuse", code, message, retryAfterMs } as { type: "refuse" }));
  tryClose(socket, errorRule(code).closeCode ?? comeAgainCloseCode, code);
}

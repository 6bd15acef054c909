import { toBase64Url } from "@quarterdeck/core/base64";
import type { ServerId } from "@quarterdeck/core/ids";
import { generateSigningKey, importSigningKey, signText } from "@quarterdeck/core/protocol/signing";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { beforeAll, expect, it } from "vitest";
import { capabilities } from "../../test/fake-bridge.ts";
import { id } from "../../test/platform.ts";
import { goodConduct } from "../session/quarantine.ts";
import { answerHello } from "./bridge-handshake.ts";
import type { ObjectState } from "./object-state.ts";

const serverId = id("server") as ServerId;
/** So often the record is read before the welcome is signed. */
const readsBefore = 3;
const challengeHash = "c".repeat(43);
let bridge: Awaited<ReturnType<typeof generateSigningKey>>;
let relayPrivateKey: string;
beforeAll(async () => {
  bridge = await generateSigningKey();
  relayPrivateKey = (await generateSigningKey()).privateKeyPkcs8;
});

/** Answers a hello while something else happens: right after the server's record was read so often. */
async function answerWhile(change: { epoch?: number; isRevoked?: boolean }, afterReads: number) {
  let record = {
    ...goodConduct,
    epoch: 0,
    isRevoked: false,
    publicKey: bridge.publicKey,
    sessionId: null,
    spreadMs: 0,
  };
  let reads = 0;
  const server = () => {
    if (++reads === afterReads) queueMicrotask(() => (record = { ...record, ...change }));
    return record;
  };
  const hello = {
    challengeHash,
    protocolRange,
    serverId,
    sessionId: id("session"),
    bootId: "boot",
    bridgeNonce: toBase64Url(new Uint8Array(32)),
    capabilities,
    received: { commands: 0 },
    keysVersion: 1,
  };
  const signed = await signText(await importSigningKey(bridge.privateKeyPkcs8), "hello", JSON.stringify(hello));
  const state = { server, settings: { relayPrivateKey } } as unknown as ObjectState;
  return answerHello(state, signed, { serverId, challengeHash });
}

it("welcomes with the epoch that is the next when it is done, though another connection was welcomed meanwhile [W3]", async () => {
  for (let afterReads = 1; afterReads <= readsBefore; afterReads++) {
    const answer = await answerWhile({ epoch: 7 }, afterReads);
    expect(answer).toMatchObject({ ok: true, value: { epoch: 8 } });
  }
});

it("lets nobody in whose server is removed meanwhile [W2]", async () => {
  for (let afterReads = 1; afterReads <= readsBefore; afterReads++) {
    const answer = await answerWhile({ isRevoked: true }, afterReads);
    expect(answer).toMatchObject({ ok: false, error: { code: "REVOKED" } });
  }
});

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { encodeFrame } from "@quarterdeck/core/protocol/codec";
import { helloBodySchema, type WelcomeBody } from "@quarterdeck/core/protocol/handshake";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { sha256Base64Url, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { expect, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { Connection } from "../src/connection/connection.ts";
import { systemClock } from "../src/system-clock.ts";
import { newId, newKey } from "./fake-platform.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

test("a hello names every command that an earlier connection brought: it waits until they are durable [F2]", async () => {
  const [platform, relayKey, bridgeKey] = await Promise.all([newKey(), newKey(), newKey()]);
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const brought = Promise.withResolvers<void>();
  const disk = Promise.withResolvers<void>();
  let received = 0;
  const connection = new Connection({
    url: new URL(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`),
    platformKeys: { trusted: [platform.publicKey], version: 1, take: () => Promise.reject(new Error("none")) },
    privateKey: bridgeKey.privateKey,
    self: () =>
      ({
        serverId: newId("server"),
        sessionId: newId("session"),
        bootId: "boot",
        capabilities: {
          bridgeVersion: "0",
          actions: [],
          programs: [],
          driver: "process",
          isolation: "hidden",
          capacity: { cpu: 1, memory: 1, runs: 1 },
          host: { hostname: "h", os: "o", arch: "x64", kernel: "k" },
        },
        received: { commands: received },
        keysVersion: 1,
      }) as never,
    counters: { takenCommands: 0, lastResult: 0 },
    clock: systemClock,
    log: quiet as never,
    dropHeld: () => Promise.resolve(false),
    takeCommands: async () => {
      brought.resolve();
      await disk.promise;
      received = 1;
      return received;
    },
    lastResult: () => 0,
    readResults: () => [],
    onOutdated: () => undefined,
    onHistoryStored: () => undefined,
    onInput: () => undefined,
    resultsStored: () => undefined,
    onOnline: () => undefined,
    onInterest: () => undefined,
    onAuditHead: () => undefined,
    onCredit: () => undefined,
    onStatus: () => undefined,
    onFatal: (error) => disk.reject(error),
  });
  const body = JSON.stringify({ relayKey: relayKey.publicKey, expiresAtMs: Date.now() + 60_000 });
  const challenge = encodeFrame({
    type: "challenge",
    relayNonce: "A".repeat(43),
    relayTimeMs: 1,
    protocolRange,
    relayCertificate: await signText(platform.privateKey, "relayCertificate", body),
  } as RelayToBridge);
  const helloOn = async (socket: WebSocket) => {
    const [data] = (await once(socket, "message")) as [Buffer];
    return JSON.parse(data.toString()) as SignedText;
  };
  connection.start();
  try {
    const [first] = (await once(server, "connection")) as [WebSocket];
    first.send(challenge);
    const hello = await helloOn(first);
    const welcome: WelcomeBody = {
      helloHash: await sha256Base64Url(hello.signed),
      protocol: protocolRange.max,
      epoch: 1,
      received: { results: 0 },
      credit: { outputBytes: 1, results: 1 },
      heartbeatMs: 60_000,
      spreadMs: 0,
      relayTimeMs: 1,
    };
    const signed = await signText(relayKey.privateKey, "welcome", JSON.stringify(welcome));
    first.send(encodeFrame({ type: "welcome", ...signed } as RelayToBridge));
    first.send(encodeFrame({ type: "commands", items: [{ seq: 1, ...signed, sealed: null }] } as RelayToBridge));
    await brought.promise;
    first.close(1012);
    const [second] = (await once(server, "connection")) as [WebSocket];
    const next = helloOn(second);
    second.send(challenge);
    second.ping();
    await once(second, "pong"); // The bridge has the challenge.
    disk.resolve();
    expect(helloBodySchema.parse(JSON.parse((await next).signed)).received).toEqual({ commands: 1 });
  } finally {
    connection.close();
    for (const socket of server.clients) socket.terminate();
    server.close();
  }
});

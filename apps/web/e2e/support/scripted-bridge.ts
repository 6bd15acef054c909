import { toBase64Url } from "@quarterdeck/core/base64";
import { makeId, type ServerId } from "@quarterdeck/core/ids";
import type { CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { welcomeBodySchema, type HelloBody } from "@quarterdeck/core/protocol/handshake";
import { generateSealingKey } from "@quarterdeck/core/protocol/hpke";
import {
  generateSigningKey,
  importSigningKey,
  sha256Base64Url,
  signText,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import * as z from "zod";
import { WebSocket } from "ws";
import bridgePackage from "../../../../packages/bridge/package.json" with { type: "json" };
import type { TestClient } from "./client.ts";
import { waitFor } from "./wait-for.ts";

const host = { hostname: "scripted", os: "Debian 12", arch: "x64", kernel: "6.1" };
const capabilities: HelloBody["capabilities"] = {
  // It is up to date, so that no page offers an update of it.
  bridgeVersion: bridgePackage.version,
  actions: ["workspace.create", "project.clone", "exec"],
  features: [],
  programs: ["echo"],
  driver: "process",
  isolation: "hidden",
  capacity: { cpu: 2000, memory: 1024 ** 3, runs: 4 },
  host,
};
const enrolled = z.object({ serverId: z.custom<ServerId>() });

/** A server whose bridge does what the test says and nothing else: it takes what comes and starts none of it. */
export class ScriptedBridge implements Disposable {
  readonly serverId: ServerId;
  readonly #socket: WebSocket;
  readonly #epoch: number;
  #stored = 0;

  private constructor(serverId: ServerId, socket: WebSocket, epoch: number) {
    this.serverId = serverId;
    this.#socket = socket;
    this.#epoch = epoch;
  }

  /** Enrols a server of the client's org and connects it. */
  static async connect(url: string, client: TestClient): Promise<ScriptedBridge> {
    const { command } = await client.api.servers.createEnrolment.mutate({});
    const token = / --token (\S+)/.exec(command)?.[1] ?? "";
    const pair = await generateSigningKey();
    const key = await importSigningKey(pair.privateKeyPkcs8);
    const sealing = await generateSealingKey();
    const request = {
      token,
      publicKey: pair.publicKey,
      sealingKey: sealing.publicKey,
      hostname: host.hostname,
      bridgeVersion: capabilities.bridgeVersion,
      nonce: "n",
    };
    const signed = await signText(key, "enrolRequest", JSON.stringify(request));
    const answer = await fetch(`${url}/enrol`, { method: "POST", body: JSON.stringify(signed) });
    const { serverId } = enrolled.parse(JSON.parse(((await answer.json()) as SignedText).signed));

    const socket = new WebSocket(`${url.replace("http", "ws")}/bridge/${serverId}`);
    const texts: string[] = [];
    socket.on("message", (data: Buffer) => texts.push(data.toString()));
    const challenge = await waitFor(() => texts[0], { what: "the relay's challenge" });
    const hello: HelloBody = {
      challengeHash: await sha256Base64Url(challenge),
      protocolRange,
      serverId,
      sessionId: makeId("session", Date.now(), crypto.getRandomValues(new Uint8Array(16))),
      bootId: "boot",
      bridgeNonce: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      capabilities,
      received: { commands: 0 },
      keysVersion: 1,
    };
    socket.send(JSON.stringify({ type: "hello", ...(await signText(key, "hello", JSON.stringify(hello))) }));
    const welcome = await waitFor(() => texts[1], { what: "the relay's welcome" });
    const { epoch } = welcomeBodySchema.parse(JSON.parse((JSON.parse(welcome) as SignedText).signed));
    const bridge = new ScriptedBridge(serverId, socket, epoch);
    socket.on("message", (data: Buffer) => bridge.#take(data.toString()));
    return bridge;
  }

  /** Sends readings as they are taken. */
  send(readings: CompactReadings): void {
    this.#socket.send(JSON.stringify({ type: "telemetry", epoch: this.#epoch, readings }));
  }

  /** Hands readings of before over, and waits until they are stored. */
  async handOver(readings: CompactReadings): Promise<void> {
    const through = this.#stored + 1;
    this.#socket.send(JSON.stringify({ type: "history", epoch: this.#epoch, through, readings, gaps: [] }));
    await waitFor(() => this.#stored >= through, { what: "the history to be stored" });
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as { type: string; through?: number };
    if (frame.type === "historyStored") this.#stored = frame.through ?? 0;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import { openContent, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import type { InputKey } from "@quarterdeck/core/protocol/input-sealing";
import { relayToViewerSchema, type RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import { featuresText } from "@quarterdeck/core/protocol/viewer-features";
import type { ViewerToRelay } from "@quarterdeck/core/protocol/viewer-to-relay";
import { InputSealer } from "../../src/live/input-sealer.ts";
import { TypedInput, type InputEffect } from "../../src/live/session/typed-input.ts";
import type { TestClient } from "./client.ts";

const tickMs = 250;

/** Somebody who types into one run with the console's own code, and watches what it prints. */
export class Typist {
  hasEnded = false;
  /** How many bytes the program has. */
  typedBytes = 0;
  stopped: string | null = null;
  readonly #socket: WebSocket;
  readonly #runId: RunId;
  readonly #keys: readonly ContentKey[];
  readonly #pieces: Extract<RelayToViewer, { type: "output" }>[] = [];
  readonly #input: TypedInput;
  readonly #sealer: InputSealer;
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(
    socket: WebSocket,
    runId: RunId,
    keys: { readonly content: readonly ContentKey[]; readonly input: readonly InputKey[] },
  ) {
    this.#socket = socket;
    this.#runId = runId;
    this.#keys = keys.content;
    this.#input = new TypedInput(runId, crypto.randomUUID());
    this.#sealer = new InputSealer({
      keys: keys.input,
      send: (frame) => this.#send(frame),
      onFailure: (reason) => (this.stopped = reason),
    });
    this.#timer = setInterval(() => this.#carryOut(this.#input.tick()), tickMs);
    socket.addEventListener("message", ({ data }) => {
      const frame = decodeFrame(relayToViewerSchema, String(data));
      if (!frame.ok) throw new Error(frame.error.message);
      for (const one of frame.value.type === "batch" ? frame.value.frames : [frame.value]) this.#take(one);
    });
  }

  /** @param url the platform's address, or that of a relay */
  static async open(client: TestClient, url: string, run: { serverId: ServerId; runId: RunId }): Promise<Typist> {
    const { serverId, runId } = run;
    const wish = { serverId, telemetry: false, runIds: [runId], inputRunIds: [runId] };
    const { path, ticket, contentKeys, inputKeys } = await client.api.servers.viewerTicket.mutate(wish);
    const address = new URL(path, url.replace(/^http/, "ws"));
    address.searchParams.set("ticket", ticket);
    address.searchParams.set("features", featuresText());
    const socket = new WebSocket(address);
    const of = (all: typeof contentKeys) => all.find((one) => one.runId === runId)?.keys ?? [];
    const typist = new Typist(socket, runId, { content: of(contentKeys), input: of(inputKeys) });
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    typist.#send({ type: "watchOutput", runId, fromOffset: 0 });
    typist.#carryOut(typist.#input.connected());
    return typist;
  }

  type(text: string, isEnd = false): void {
    this.#carryOut(this.#input.type(new TextEncoder().encode(text), isEnd));
  }

  /** Asks where it stands, as after a lost connection. */
  ask(): void {
    this.#carryOut(this.#input.connected());
  }

  /** All that was printed so far, opened. */
  async output(): Promise<string> {
    let text = "";
    for (const { offset, data, isEnd } of this.#pieces) {
      const address = { runId: this.#runId, place: { kind: "output", offset, isEnd } } as const;
      const opened = await openContent(data, address, this.#keys);
      if (!opened.ok) throw new Error(opened.error.message);
      text += new TextDecoder().decode(opened.value);
    }
    return text;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #take(frame: RelayToViewer): void {
    if (frame.type === "inputState") this.#carryOut(this.#input.answered(frame));
    if (frame.type !== "output") return;
    this.#pieces.push(frame);
    this.hasEnded ||= frame.isEnd;
  }

  #carryOut(effects: readonly InputEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "send") this.#sealer.send(effect.frame);
      else if (effect.type === "seal") this.#sealer.seal(effect.piece);
      else if (effect.type === "typed") this.typedBytes += effect.bytes;
      else this.stopped = effect.code;
    }
  }

  #send(frame: ViewerToRelay): void {
    this.#socket.send(encodeFrame(frame));
  }
}

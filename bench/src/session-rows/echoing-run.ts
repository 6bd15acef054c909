import { randomBytes } from "node:crypto";
import { openContent, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { deriveInputKey, sealInput } from "@quarterdeck/core/protocol/input-sealing";
import type { RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import { id } from "../../../apps/relay/test/platform.ts";
import type { StreamFrame } from "../../../packages/bridge/src/connection/session/stream-frame.ts";
import { InputOpener } from "../../../packages/bridge/src/sealing/input-opener.ts";
import { contentKeyOf, RunSealer } from "../../../packages/bridge/src/sealing/run-sealer.ts";

const streamKey = { epoch: 1, key: randomBytes(32).toString("base64url") };
/** A piece of a terminal's size: a few words with their colours. */
const content = randomBytes(100);
const key = new TextEncoder().encode("l");

/** A run that answers each keystroke: what its bridge and its viewer send, with the shipped sealing. */
export class EchoingRun {
  readonly runId = id("run");
  readonly #key: ContentKey = contentKeyOf(streamKey, this.runId);
  readonly #sealer = new RunSealer(this.runId, this.#key);
  readonly #opener = InputOpener.of(streamKey, this.runId);
  readonly #inputKey = deriveInputKey(streamKey, this.runId);
  readonly #turn = randomBytes(16).toString("base64url");
  #offset = 0;

  /** What a viewer sends for the `count`th key. */
  async keystroke(count: number): Promise<string> {
    const place = { runId: this.runId, writer: "bench", turn: this.#turn, seq: count + 1, isEnd: false };
    const options = { key: await this.#inputKey, nonce: new Uint8Array(randomBytes(12)) };
    const input: RunInput = { type: "input", ...place, data: await sealInput(key, place, options) };
    return JSON.stringify(input);
  }

  /** The bridge's answers: the program has the key, and its echo. */
  answers(input: RunInput): StreamFrame[] {
    const { runId, writer, seq } = input;
    const opened = this.#opener.open(input);
    if (!opened.ok) throw new Error(opened.error.message);
    return [{ type: "inputState", runId, writer, through: seq, turn: null, code: null, message: null }, this.#echo()];
  }

  /** How many echoes a message to the viewer holds. They are opened. */
  async countEchoes(message: Buffer): Promise<number> {
    const frame = JSON.parse(message.toString()) as RelayToViewer;
    const echoes = (frame.type === "batch" ? frame.frames : [frame]).filter((one) => one.type === "output");
    for (const { runId, offset, isEnd, data } of echoes) {
      const opened = await openContent(data, { runId, place: { kind: "output", offset, isEnd } }, [this.#key]);
      if (!opened.ok) throw new Error(opened.error.message);
    }
    return echoes.length;
  }

  /** What the ends of a peer send: as many bytes, sealed once and for all. */
  async bareTexts(): Promise<{ readonly keystroke: string; readonly echo: string }> {
    return { keystroke: await this.keystroke(0), echo: JSON.stringify({ ...this.#echo(), epoch: 1 }) };
  }

  #echo() {
    const offset = this.#offset;
    this.#offset += content.length;
    const data = this.#sealer.seal(content, { kind: "output", offset, isEnd: false });
    return { type: "output" as const, runId: this.runId, offset, data, isEnd: false };
  }
}

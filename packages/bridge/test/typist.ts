import { randomBytes } from "node:crypto";
import type { RunId } from "@quarterdeck/core/ids";
import { deriveInputKey, sealInput, type InputKey, type InputPlace } from "@quarterdeck/core/protocol/input-sealing";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import type { FakeRelay } from "./fake-relay.ts";

type Answer = Pick<InputState, "through" | "turn" | "code">;

/** Seals as a page does. */
export async function sealPiece(key: InputKey, place: InputPlace, text: string): Promise<RunInput> {
  const options = { key, nonce: new Uint8Array(randomBytes(12)) };
  return { type: "input", ...place, data: await sealInput(new TextEncoder().encode(text), place, options) };
}

/** Somebody who may type into a run, and does. */
export class Typist {
  readonly #relay: FakeRelay;
  readonly runId: RunId;
  readonly writer: string;
  turn: string | null = null;
  seq = 0;

  constructor(relay: FakeRelay, runId: RunId, writer = "me") {
    this.#relay = relay;
    this.runId = runId;
    this.writer = writer;
  }

  /** Asks for the turn first, as every writer does. */
  static async begin(relay: FakeRelay, runId: RunId, writer = "me"): Promise<Typist> {
    const typist = new Typist(relay, runId, writer);
    typist.turn = (await typist.ask()).turn?.id ?? null;
    return typist;
  }

  /** What the bridge answered to this writer, newest last. */
  get answers(): Answer[] {
    return this.#relay.frames.flatMap((frame) =>
      frame.type === "inputState" && frame.writer === this.writer && frame.runId === this.runId ? [frame] : [],
    );
  }

  ask(): Promise<Answer> {
    const { runId, writer } = this;
    return this.send({ type: "input", runId, writer, seq: 0, turn: null, data: "", isEnd: false });
  }

  /** The next piece, or that of another number. */
  async seal(text: string, { isEnd = false, seq = this.seq + 1 } = {}): Promise<RunInput> {
    const { runId, writer, turn } = this;
    const key = await deriveInputKey(this.#relay.platform.streamKey, runId);
    return sealPiece(key, { runId, writer, turn, seq, isEnd }, text);
  }

  /** Types, and waits for the answer: again for as long as the program has not started. */
  async type(text: string, options: { isEnd?: boolean; seq?: number } = {}): Promise<Answer> {
    const piece = await this.seal(text, options);
    for (;;) {
      const answer = await this.send(piece);
      if (answer.code !== "NOT_READY") return answer;
    }
  }

  /** Sends a piece, whoever sealed it, and waits for the answer. */
  async send(piece: RunInput): Promise<Answer> {
    const before = this.answers.length;
    this.#relay.sendInput(piece);
    const answer = await this.#relay.changes.until(() => this.answers[before], "an answer");
    this.seq = Math.max(this.seq, answer.through);
    return answer;
  }
}

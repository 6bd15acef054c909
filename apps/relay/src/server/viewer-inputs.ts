import { refuse, accept, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import { InputWindow } from "../session/input-window.ts";
import { notInTicket, type ViewerState } from "../session/viewer.ts";
import { encodeForViewers, type ViewerSeats } from "./viewer-seats.ts";

/** Passes input on to the bridge, or says why it does not reach it. */
export type SendInput = (input: RunInput) => Refusal | null;

/** What viewers type into runs, on its way to the bridge and answered by it (PROTOCOL 13). */
export class ViewerInputs {
  readonly #seats: ViewerSeats;
  readonly #sendInput: SendInput;
  readonly #windows = new WeakMap<WebSocket, InputWindow>();

  constructor(seats: ViewerSeats, sendInput: SendInput) {
    this.#seats = seats;
    this.#sendInput = sendInput;
  }

  /** Passes on what a viewer types, or tells it that it does not reach the bridge. Refuses what it may not send. */
  take(socket: WebSocket, viewer: ViewerState, input: RunInput): Result<null> {
    const { runId, writer } = input;
    const topic = `input:${runId}` as const;
    if (!viewer.topics.includes(topic)) return notInTicket(topic);
    const window = this.#windows.get(socket) ?? new InputWindow();
    this.#windows.set(socket, window);
    if (!window.admits(input)) return refuse("RATE_LIMITED", "More input is on the way than the window allows.");
    const refused = this.#sendInput(input);
    if (refused !== null) {
      const state: InputState = { type: "inputState", runId, writer, through: 0, turn: null, ...refused };
      window.answered(state);
      this.#seats.send(socket, state);
    }
    return accept(null);
  }

  /** Passes on how far input has come, to whoever may type into the run. Returns whether somebody waited for it. */
  answered({ runId, writer, through, turn, code, message }: InputState): boolean {
    const state: InputState = { type: "inputState", runId, writer, through, turn, code, message };
    const text = encodeForViewers(state);
    let isAwaited = false;
    const nowMs = Date.now();
    for (const seat of this.#seats) {
      const [socket, viewer] = seat;
      if (!viewer.topics.includes(`input:${runId}`)) continue;
      this.#seats.sendText(seat, text, nowMs);
      if (!this.#windows.get(socket)?.answered(state)) continue;
      isAwaited = true;
      this.#seats.expectAnswer(socket); // Whoever types waits for the echo, which follows.
    }
    return isAwaited;
  }

  /** The bridge came or went: nothing is on the way to it any more. */
  clear(): void {
    for (const [socket] of this.#seats) this.#windows.get(socket)?.clear();
  }
}

import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  isKnownPiece,
  takeTurn,
  turnFor,
  type InputTurns,
} from "../../../../../packages/bridge/src/runs/input-turns.ts";
import { TypedInput, type ClearPiece, type InputEffect } from "./typed-input.ts";

const runId = makeId("run", 1, new Uint8Array(16).fill(1));

/** A bridge with a program that reads, made of the shipped decision; the sealing is not what is tested here. */
class Bridge {
  read = "";
  isSlow = false;
  hasStarted = true;
  #turns: InputTurns = { current: null, next: "turn-0" };
  #made = 0;

  restart(): void {
    this.#turns = { current: null, next: `turn-${++this.#made}` };
  }

  /** Somebody else begins. */
  takeOver(): void {
    this.#take({ type: "input", runId, writer: "other", turn: this.#turns.next, seq: 1, data: "", isEnd: false });
  }

  take(frame: RunInput, text: string): InputState {
    if (frame.seq === 0 || isKnownPiece(this.#turns, frame)) return this.#state(frame, null);
    const code = this.#take(frame);
    if (code === null) this.read += text;
    return this.#state(frame, code);
  }

  #take(frame: RunInput): string | null {
    const taken = takeTurn(this.#turns, frame, `turn-${++this.#made}`);
    if (!taken.ok) return taken.error.code;
    if (!this.hasStarted) return "NOT_READY";
    if (this.isSlow) return "RATE_LIMITED";
    this.#turns = taken.value;
    return null;
  }

  #state({ writer }: RunInput, code: string | null): InputState {
    const through = this.#turns.current?.writer === writer ? this.#turns.current.taken : 0;
    const turn = { id: turnFor(this.#turns, writer), keyEpoch: 1 };
    return { type: "inputState", runId, writer, through, turn, code, message: code && "no" };
  }
}

/** A page, a bridge, and what is on the way between them. */
function makePair() {
  const bridge = new Bridge();
  const input = new TypedInput(runId, "me");
  const up: { frame: RunInput; text: string }[] = [];
  const down: InputState[] = [];
  const stopped: string[] = [];
  let typed = 0;
  let mostOnTheWay = 0;
  const textOf = ({ bytes }: ClearPiece) => new TextDecoder().decode(bytes);
  const carryOut = (effects: readonly InputEffect[]) => {
    for (const effect of effects) {
      if (effect.type === "send") up.push({ frame: effect.frame, text: "" });
      if (effect.type === "seal")
        up.push({ frame: { type: "input", ...effect.piece.place, data: "x" }, text: textOf(effect.piece) });
      if (effect.type === "typed") typed += effect.bytes;
      if (effect.type === "stopped") stopped.push(effect.code);
    }
    mostOnTheWay = Math.max(mostOnTheWay, up.length + down.length);
  };
  const deliverUp = () => {
    const one = up.shift();
    if (one) down.push(bridge.take(one.frame, one.text));
  };
  const deliverDown = () => {
    const one = down.shift();
    if (one) carryOut(input.answered(one));
  };
  const lose = () => {
    up.length = 0;
    down.length = 0;
    input.disconnected();
  };
  const settle = () => {
    for (let step = 0; step < 2000 && (up.length > 0 || down.length > 0); step++) {
      deliverUp();
      deliverDown();
    }
  };
  const type = (text: string, isEnd = false) => carryOut(input.type(new TextEncoder().encode(text), isEnd));
  return {
    bridge,
    input,
    carryOut,
    deliverUp,
    deliverDown,
    lose,
    settle,
    type,
    stopped,
    get typed() {
      return typed;
    },
    get mostOnTheWay() {
      return mostOnTheWay;
    },
  };
}

const usual = ["type", "type", "up", "up", "up", "down", "down", "down", "tick"] as const;
const deeds = fc.constantFrom(...usual, "lose", "connect", "slow", "quick", "restart", "takeOver");

it("types every byte once and in order or stops, whatever is lost, refused or taken over on the way", () => {
  fc.assert(
    fc.property(fc.array(deeds, { maxLength: 60 }), (story) => {
      const pair = makePair();
      const { bridge, input } = pair;
      let wanted = "";
      let isDisturbed = false;
      pair.carryOut(input.connected());
      for (const deed of story) {
        if (deed === "type") {
          const text = `${wanted.length},`;
          if (!input.isStopped) wanted += text;
          pair.type(text);
        } else if (deed === "up") pair.deliverUp();
        else if (deed === "down") pair.deliverDown();
        else if (deed === "lose") pair.lose();
        else if (deed === "connect") pair.carryOut(input.connected());
        else if (deed === "tick") pair.carryOut(input.tick());
        else if (deed === "slow" || deed === "quick") bridge.isSlow = deed === "slow";
        else {
          isDisturbed = true;
          if (deed === "restart") bridge.restart();
          else bridge.takeOver();
        }
        expect(wanted.startsWith(bridge.read)).toBe(true);
      }
      bridge.isSlow = false;
      pair.lose();
      for (let round = 0; round < 3; round++) {
        pair.carryOut(input.connected());
        pair.settle();
        pair.carryOut(input.tick());
        pair.settle();
      }
      expect(wanted.startsWith(bridge.read)).toBe(true);
      if (!input.isStopped) expect([bridge.read, pair.typed]).toEqual([wanted, wanted.length]);
      else expect([pair.stopped, isDisturbed]).toEqual([["CONFLICT"], true]);
    }),
    { numRuns: 2000 },
  );
});

it("asks first, waits for the program to start, and sends what the window allows", () => {
  const pair = makePair();
  pair.bridge.hasStarted = false;
  for (let count = 0; count < 3 * limits.inputInFlight; count++) pair.type("x");
  expect(pair.mostOnTheWay).toBe(0);
  pair.carryOut(pair.input.connected());
  pair.settle();
  expect(pair.bridge.read).toBe("");
  pair.bridge.hasStarted = true;
  pair.carryOut(pair.input.tick());
  pair.settle();
  expect(pair.bridge.read).toBe("x".repeat(3 * limits.inputInFlight));
  expect(pair.mostOnTheWay).toBeLessThan(limits.inputInFlight);
  expect(pair.stopped).toEqual([]);
});

it("cuts what is long into pieces that fit a frame, marks the last as the end, and takes nothing after it", () => {
  const input = new TypedInput(runId, "me");
  const sealed: ClearPiece[] = [];
  const carryOut = (effects: readonly InputEffect[]) => {
    for (const effect of effects) if (effect.type === "seal") sealed.push(effect.piece);
  };
  const state = { type: "inputState", runId, writer: "me", code: null, message: null } as const;
  carryOut(input.connected());
  carryOut(input.type(new Uint8Array(60_000), true));
  expect(input.type(new Uint8Array(1))).toEqual([]);
  carryOut(input.answered({ ...state, through: 0, turn: { id: "t", keyEpoch: 3 } }));
  for (let through = 1; through <= 3; through++) carryOut(input.answered({ ...state, through, turn: null }));
  expect(sealed.map(({ place, keyEpoch }) => [place.seq, place.turn, place.isEnd, keyEpoch])).toEqual([
    [1, "t", false, 3],
    [2, "t", false, 3],
    [3, "t", true, 3],
  ]);
  expect(sealed.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(60_000);
});

it("stops where nobody can mend it, and says why", () => {
  for (const code of ["ALREADY_ENDED", "NOT_FOUND", "COMMAND_UNSUPPORTED"]) {
    const input = new TypedInput(runId, "me");
    input.connected();
    const state = { type: "inputState", runId, through: 0, turn: null, message: "no" } as const;
    expect(input.answered({ ...state, writer: "somebody", code })).toEqual([]);
    expect(input.answered({ ...state, writer: "me", code })).toEqual([{ type: "stopped", code, message: "no" }]);
    expect([input.isStopped, input.connected(), input.tick()]).toEqual([true, [], []]);
  }
});

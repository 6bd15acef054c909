import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { InputState, RunInput } from "@quarterdeck/core/protocol/run-input";
import { expect, test } from "vitest";
import { InputWindow } from "./input-window.ts";

const runId = makeId("run", 1, new Uint8Array(16));

function piece(seq: number, length = 4, writer = "me"): RunInput {
  return { type: "input", runId, writer, seq, turn: "t".repeat(22), data: "A".repeat(length), isEnd: false };
}

function state(through: number, code: string | null = null, writer = "me"): InputState {
  return { type: "inputState", runId, writer, through, turn: null, code, message: null };
}

test("[W1] what a viewer types is bounded in pieces and in bytes until the bridge answers, whoever it says it is", () => {
  const window = new InputWindow();
  for (let seq = 1; seq <= limits.inputInFlight; seq++)
    expect(window.admits(piece(seq, 4, `writer-${seq}`))).toBe(true);
  expect(window.admits(piece(1))).toBe(false);
  const large = new InputWindow();
  const half = limits.inputInFlightBytes / 2;
  expect([large.admits(piece(1, half)), large.admits(piece(2, half)), large.admits(piece(3))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(large.answered(state(1))).toBe(true);
  expect(large.admits(piece(3))).toBe(true);
});

test("an answer that frees nothing is no news; a refusal frees all of its writer", () => {
  const window = new InputWindow();
  for (const seq of [1, 2, 3]) window.admits(piece(seq));
  expect(window.answered(state(2, null, "somebody"))).toBe(false);
  expect(window.answered(state(2))).toBe(true);
  expect(window.answered(state(2))).toBe(false);
  expect(window.answered(state(0, "CONFLICT"))).toBe(true);
  expect(window.answered(state(3))).toBe(false);
});

import type { RunId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { expect, test } from "vitest";
import { judgeRenewals, needsRenewal, type OpenedRenewal } from "./renewal.ts";

const nowMs = 1_000_000;
const [a, b] = ["run_a", "run_b"] as unknown as [RunId, RunId];

function renewed(runId: RunId, parts: Partial<OpenedRenewal> & { of?: RunId; expiresAtMs?: number } = {}) {
  const { of = runId, expiresAtMs = nowMs + 900_000, ...rest } = parts;
  return {
    runId,
    signed: "s",
    signature: "g",
    sealed: "x",
    problem: null,
    isStale: false,
    command: { runId: of, expiresAtMs } as Command,
    ...rest,
  };
}

const judge = (entries: readonly OpenedRenewal[], refused: { runId: RunId; code: string; message: string }[] = []) =>
  judgeRenewals([a, b], { renewed: entries, refused }, nowMs).map(({ runId, kind }) => [runId, kind]);

test("[F7] a signature is renewed while the bridge's clock may still be right about it", () => {
  expect(needsRenewal(nowMs + limits.clockSkewMs + 1, nowMs)).toBe(false);
  expect(needsRenewal(nowMs + limits.clockSkewMs, nowMs)).toBe(true);
  expect(needsRenewal(0, nowMs)).toBe(true);
});

test("each run gets its own outcome, in the order that was asked", () => {
  expect(judge([renewed(b), renewed(a)])).toEqual([
    [a, "renewed"],
    [b, "renewed"],
  ]);
  expect(judge([renewed(b)], [{ runId: a, code: "FORBIDDEN", message: "" }])).toEqual([
    [a, "ended"],
    [b, "renewed"],
  ]);
});

test("[W4] an answer that helps nobody leaves the run waiting", () => {
  expect(judge([renewed(a, { of: b }), renewed(b, { expiresAtMs: nowMs + 1 })])).toEqual([]);
  expect(judge([renewed(a, { command: undefined })])).toEqual([]);
  expect(judge([renewed("run_c" as RunId)])).toEqual([]);
});

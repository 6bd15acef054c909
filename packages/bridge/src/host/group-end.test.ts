import { expect, it } from "vitest";
import { failed, succeeded } from "../actions/action-context.ts";
import { explainGroupEnd, withUse } from "./group-end.ts";

const killed = { oomKills: 1, cpuUsec: 0, memoryPeak: null, tasksRefused: 0 };

it("what its wrapper said of a limit stays, since it names the limit", () => {
  const said = failed("OUT_OF_MEMORY", "It was stopped at its memory limit of 614 MiB.");
  expect(explainGroupEnd(said, killed)).toBe(said);
});

it("what a program's end says is replaced by what its group knows", () => {
  const said = failed("EXIT_CODE", "It ended with 137.");
  expect(explainGroupEnd(said, killed)).toMatchObject({ code: "OUT_OF_MEMORY" });
  expect(explainGroupEnd(said, { ...killed, oomKills: 0 })).toBe(said);
  expect(explainGroupEnd(said, undefined)).toBe(said);
});

it("says what a run used as far as it was counted", () => {
  const end = { ...killed, cpuUsec: 1_500_001, memoryPeak: 4096 };
  expect(withUse(succeeded, end).used).toEqual({ cpuMs: 1501, peakMemory: 4096 });
  expect(withUse(succeeded, { ...end, memoryPeak: null }).used).toEqual({ cpuMs: 1501 });
  expect(withUse(succeeded, killed).used).toEqual({});
  expect(withUse(succeeded, undefined)).toBe(succeeded);
});

import { expect, it } from "vitest";
import { afterEnd, alreadyRunningExitCode, restartExitCode, type BridgeEnd } from "./exit-policy.ts";

const end = (change: Partial<BridgeEnd>): BridgeEnd => ({
  code: 0,
  signal: null,
  livedMs: 1000,
  isStopping: false,
  isOnProbation: false,
  hasSwitched: false,
  failures: 0,
  ...change,
});

it("ends with a bridge that was asked to, and with one that would only say the same again", () => {
  expect(afterEnd(end({ isStopping: true }))).toEqual({ kind: "exit", code: 0 });
  expect(afterEnd(end({ code: null, signal: "SIGKILL", isStopping: true }))).toEqual({ kind: "exit", code: 1 });
  for (const code of [0, 2, 6, 12]) expect(afterEnd(end({ code }))).toEqual({ kind: "exit", code });
});

it("starts one again that broke, later and later, and anew after a while of health", () => {
  const delays = [0, 1, 2, 5, 50].map((failures) => afterEnd(end({ code: 70, failures })));
  expect(delays.map((next) => next.kind === "start" && next.delayMs)).toEqual([300, 600, 1200, 9600, 10_000]);
  expect(afterEnd(end({ code: null, signal: "SIGKILL", failures: 9, livedMs: 30_000 }))).toMatchObject({
    delayMs: 300,
  });
});

it("starts the next version at once after a switch, whatever the end of this one", () => {
  for (const code of [restartExitCode, 0, 1, null])
    expect(afterEnd(end({ code, hasSwitched: true, isOnProbation: true }))).toMatchObject({
      kind: "start",
      delayMs: 0,
    });
});

it("goes back from a version on probation that ends, even without a fault", () => {
  for (const code of [0, 1, 9, restartExitCode])
    expect(afterEnd(end({ code, isOnProbation: true }))).toMatchObject({ kind: "rollBack" });
  expect(afterEnd(end({ isOnProbation: true, isStopping: true }))).toEqual({ kind: "exit", code: 0 });
});

it("waits for the bridge of a killed launcher to end, without holding it against a version on probation [F4]", () => {
  const lockedOut = (failures: number) =>
    afterEnd(end({ code: alreadyRunningExitCode, isOnProbation: true, failures }));
  for (const failures of [0, 4]) expect(lockedOut(failures)).toMatchObject({ kind: "start", failures: failures + 1 });
  expect(lockedOut(5)).toMatchObject({ kind: "rollBack" });
});

it("gives up on a data directory that another bridge keeps", () => {
  expect(afterEnd(end({ code: alreadyRunningExitCode }))).toMatchObject({ kind: "start" });
  expect(afterEnd(end({ code: alreadyRunningExitCode, failures: 5 }))).toEqual({ kind: "exit", code: 11 });
});

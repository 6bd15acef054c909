import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunId } from "@quarterdeck/core/ids";
import {
  confirm,
  newLaunchState,
  prepareStart,
  rollBack,
  switchTo,
  uncountStart,
  type LaunchState,
} from "./launch-state.ts";

const runId = `run_${"0".repeat(26)}` as RunId;
const release = (version: string) => ({ version, manifestHash: `hash of ${version}` });
const start = (state: LaunchState, change: Partial<Parameters<typeof prepareStart>[1]> = {}) =>
  prepareStart(state, { packageVersion: "1.0.0", isThere: () => true, nowMs: 5, ...change });

describe("which version is started", () => {
  it("is the new one, on probation, and then for good", () => {
    const switched = switchTo(newLaunchState("1.0.0"), release("2.0.0"), runId);
    expect(start(switched)).toMatchObject({ current: { version: "2.0.0" }, probation: { starts: 1, previous: null } });
    expect(start(confirm(start(switched)))).toMatchObject({ current: { version: "2.0.0" }, probation: null });
  });

  it("is the one before when the new one failed, which is remembered with its reason", () => {
    const second = confirm(switchTo(newLaunchState("1.0.0"), release("2.0.0"), runId));
    const failed = rollBack(switchTo(second, release("3.0.0"), runId), { reason: "why", atMs: 7 });
    expect(failed).toMatchObject({ current: { version: "2.0.0" }, probation: null });
    expect(failed.failed).toEqual([{ ...release("3.0.0"), runId, reason: "why", atMs: 7 }]);
  });

  it("[F4] is the one before when the new one was started three times and never came to an answer", () => {
    let state = switchTo(newLaunchState("1.0.0"), release("2.0.0"), runId);
    for (let times = 1; times <= 3; times++) state = start(state);
    expect(state.current?.version).toBe("2.0.0");
    expect(start(state)).toMatchObject({ current: null, probation: null, failed: [{ version: "2.0.0" }] });
  });

  it("is still the new one when another bridge kept it from starting, however often", () => {
    let state = switchTo(newLaunchState("1.0.0"), release("2.0.0"), runId);
    for (let times = 1; times <= 5; times++) state = uncountStart(start(state));
    expect(start(state)).toMatchObject({ current: { version: "2.0.0" }, probation: { starts: 1 } });
    const confirmed = confirm(state);
    expect(uncountStart(confirmed)).toBe(confirmed);
  });

  it("is what is there: a version whose files are gone is not", () => {
    const second = confirm(switchTo(newLaunchState("1.0.0"), release("2.0.0"), runId));
    expect(start(second, { isThere: () => false }).current).toBeNull();
    const third = switchTo(second, release("3.0.0"), runId);
    expect(start(third, { isThere: ({ version }) => version === "2.0.0" }).current?.version).toBe("2.0.0");
  });

  it("is a newer package that somebody installed by hand since, and not an older one", () => {
    const second = confirm(switchTo(newLaunchState("1.0.0"), release("2.0.0"), runId));
    expect(start(second, { packageVersion: "2.0.1" })).toMatchObject({ current: null, packageVersion: "2.0.1" });
    expect(start(second, { packageVersion: "1.5.0" }).current?.version).toBe("2.0.0");
    const down = confirm(switchTo(newLaunchState("1.0.0"), release("0.9.0"), runId));
    expect(start(down).current?.version).toBe("0.9.0");
  });

  it("is always one that worked, after whatever happened", () => {
    type Event = "switch" | "start" | "confirm" | "fail";
    const events = fc.array(fc.constantFrom<Event>("switch", "start", "confirm", "fail"), { maxLength: 30 });
    fc.assert(
      fc.property(events, (all) => {
        let state = newLaunchState("1.0.0");
        const worked = new Set<string | undefined>([undefined]);
        let number = 1;
        for (const event of all) {
          if (event === "switch") state = switchTo(state, release(`${++number}.0.0`), runId);
          if (event === "start") state = start(state);
          if (event === "fail") state = rollBack(state, { reason: "", atMs: 0 });
          if (event === "confirm") {
            state = confirm(state);
            worked.add(state.current?.version);
          }
          expect(worked).toContain(
            state.probation === null ? state.current?.version : state.probation.previous?.version,
          );
        }
      }),
    );
  });
});

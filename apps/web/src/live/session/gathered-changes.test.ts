import { expect, it } from "vitest";
import { gatherMs, GatheredChanges, type NamedChange } from "./gathered-changes.ts";

function rig() {
  const told: string[][] = [];
  const timers: (() => void)[] = [];
  let stopped = 0;
  const changes = new GatheredChanges<NamedChange>(
    (all) => void told.push(all.map(({ kind, id }) => `${kind} ${id}`)),
    (act, ms) => {
      expect(ms).toBe(gatherMs);
      timers.push(act);
      return () => void stopped++;
    },
  );
  return { changes, told, tick: () => timers.shift()?.(), timers, stopped: () => stopped };
}

it("tells of the first at once, and of those that follow together and each once", () => {
  const { changes, told, tick, timers } = rig();
  changes.add({ kind: "task", id: "a" });
  expect(told).toEqual([["task a"]]);
  for (const id of ["b", "c", "b", "a"]) changes.add({ kind: "task", id });
  changes.add({ kind: "server", id: "a" });
  expect(told).toHaveLength(1);
  tick();
  expect(told[1]).toEqual(["task b", "task c", "task a", "server a"]);
  changes.add({ kind: "task", id: "d" });
  expect(told).toHaveLength(2);
  tick();
  expect(told[2]).toEqual(["task d"]);
  tick();
  expect(timers).toHaveLength(0);
  changes.add({ kind: "task", id: "e" });
  expect(told[3]).toEqual(["task e"]);
});

it("tells nothing more when it is stopped, and begins anew after that", () => {
  const { changes, told, stopped } = rig();
  changes.add({ kind: "task", id: "a" });
  changes.add({ kind: "task", id: "b" });
  changes.stop();
  expect(stopped()).toBe(1);
  changes.add({ kind: "task", id: "c" });
  expect(told).toEqual([["task a"], ["task c"]]);
});

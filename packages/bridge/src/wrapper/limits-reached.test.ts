import { expect, it } from "vitest";
import type { GroupCounters } from "../drivers/group-counters.ts";
import { explainLimits } from "./limits-reached.ts";

const met: GroupCounters = {
  cpuUsec: 0,
  oomKills: 0,
  hasReachedMemoryLimit: false,
  memoryPeak: null,
  memoryLimit: 614 * 2 ** 20,
  tasksRefused: 0,
  tasksLimit: 512,
};

it("tells a run at its own memory limit from one whose surroundings had none left", () => {
  expect(explainLimits(met)).toBeUndefined();
  expect(explainLimits({ ...met, oomKills: 1, hasReachedMemoryLimit: true })).toMatchObject({
    code: "OUT_OF_MEMORY",
    message: expect.stringContaining("memory limit of 614 MiB"),
  });
  expect(explainLimits({ ...met, oomKills: 1 })?.message).toMatch(/project, workspace or server/);
  // Memory that was only taken back is nothing to tell.
  expect(explainLimits({ ...met, hasReachedMemoryLimit: true })).toBeUndefined();
});

it("tells how often processes were refused, after what is worse", () => {
  expect(explainLimits({ ...met, tasksRefused: 3 })).toMatchObject({
    code: "TASKS_LIMIT",
    message: expect.stringMatching(/refused more processes 3 times.*512/),
  });
  expect(explainLimits({ ...met, tasksRefused: 3, oomKills: 1 })?.code).toBe("OUT_OF_MEMORY");
});

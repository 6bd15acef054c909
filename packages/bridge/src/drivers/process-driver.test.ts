import { randomBytes } from "node:crypto";
import { makeId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { ProcessDriver } from "./process-driver.ts";

const path = { workspaceId: makeId("workspace", 1, randomBytes(16)), projectId: null };
const driver = new ProcessDriver({ limiters: [], nowMs: () => 7 });

it("claims no limit: what is wanted is unsupported, and what is not wanted is not spoken of", async () => {
  const limits = { cpu: 100, memory: null, tasks: 5, disk: null, bandwidth: null };
  expect(await driver.applyLimits(path, limits)).toEqual(
    [
      ["cpu", 100],
      ["tasks", 5],
    ].map(([resource, wanted]) => ({
      node: path.workspaceId,
      resource,
      wanted,
      actual: null,
      state: "unsupported",
      source: "nothing here limits it",
      atMs: 7,
    })),
  );
  expect(driver.limited).toEqual([]);
});

it("gives runs no group, and freezes nothing", async () => {
  const runId = makeId("run", 1, randomBytes(16));
  expect(await driver.openRun(runId, path)).toEqual({ group: null, evidence: [] });
  expect(await driver.closeRun(runId, path)).toBeNull();
  await expect(driver.freeze(path)).rejects.toMatchObject({ code: "LIMITS_UNAVAILABLE" });
  await expect(driver.killRun(".." as never, path)).rejects.toThrow(RangeError);
});

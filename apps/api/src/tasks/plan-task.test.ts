import type { ProjectId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { hashBody, type TaskPlan } from "./plan-task.ts";
import type { TaskParams } from "./views.ts";

const plan = (params: TaskParams): TaskPlan => ({
  taskId: "task_1" as TaskId,
  server: { serverId: "srv_1" as ServerId, keyFingerprint: "" },
  workspaceId: "ws_1" as WorkspaceId,
  projectId: "prj_1" as ProjectId,
  action: "exec",
  params,
  priority: "normal",
});

const params = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<TaskParams>;

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}

test("two submissions are the same exactly when their contents are, in whatever order their fields come", () => {
  fc.assert(
    fc.property(params, params, (a, b) => {
      expect(hashBody(plan(a))).toBe(hashBody(plan(reversed(a) as TaskParams)));
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      if (isSame) expect(hashBody(plan(a))).toBe(hashBody(plan(b)));
    }),
  );
  expect(hashBody(plan({ args: ["a", "b"] }))).not.toBe(hashBody(plan({ args: ["b", "a"] })));
  expect(hashBody(plan({ a: { b: 1 } }))).not.toBe(hashBody(plan({ a: [["b", 1]] })));
  expect(hashBody({ ...plan({}), priority: "high" })).not.toBe(hashBody(plan({})));
});

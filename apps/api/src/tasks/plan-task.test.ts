import type { ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SecretBox } from "../keys/secret-box.ts";
import { hashBody, type TaskPlan } from "./plan-task.ts";
import type { TaskParams } from "./views.ts";

const plan = (params: TaskParams): TaskPlan => ({
  taskId: "task_1" as TaskId,
  server: { serverId: "srv_1" as ServerId, keyFingerprint: "", sealingKey: "" },
  workspaceId: "ws_1" as WorkspaceId,
  projectId: "prj_1" as ProjectId,
  action: "exec",
  params,
  secretInput: null,
  priority: "normal",
});

const secrets = new SecretBox(Buffer.alloc(32));
const hash = (wish: TaskPlan) => hashBody(wish, secrets);

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
      expect(hash(plan(a))).toBe(hash(plan(reversed(a) as TaskParams)));
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      if (isSame) expect(hash(plan(a))).toBe(hash(plan(b)));
    }),
  );
  expect(hash(plan({ args: ["a", "b"] }))).not.toBe(hash(plan({ args: ["b", "a"] })));
  expect(hash(plan({ a: { b: 1 } }))).not.toBe(hash(plan({ a: [["b", 1]] })));
  expect(hash({ ...plan({}), priority: "high" })).not.toBe(hash(plan({})));
  const order = { after: ["task_0" as TaskId], isParallel: false, openRuns: [] };
  expect(hash({ ...plan({}), order })).not.toBe(hash(plan({})));
  expect(hash({ ...plan({}), order: { ...order, openRuns: ["run_0" as RunId] } })).toBe(hash({ ...plan({}), order }));
  expect(hash({ ...plan({}), order: { ...order, isParallel: true } })).not.toBe(hash({ ...plan({}), order }));
  const withInput = (stdin: string) => ({ ...plan({}), secretInput: { stdin } });
  expect(hash(withInput("a"))).toBe(hash(withInput("a")));
  expect(hash(withInput("a"))).not.toBe(hash(withInput("b")));
  // Without the master key the hash of a secret is no help to guess it.
  expect(hash(withInput("a"))).not.toBe(hashBody(withInput("a"), new SecretBox(Buffer.alloc(32, 1))));
});

import { eq, sql } from "drizzle-orm";
import { expect, it } from "vitest";
import type { OrgId, RunId, ServerId, TaskId } from "@quarterdeck/core/ids";
import { insertWhen, previousChanged } from "./insert-when.ts";
import { readyStatement, toReady } from "./ready-statement.ts";
import { claims, tasks } from "./schema.ts";

it("is what drizzle makes of the same statement with its values in it", () => {
  const build = (name: unknown, fence: unknown) =>
    sql`update ${claims} set fence = ${fence} where ${eq(claims.name, name as string)} and holder = ${"me"}`;
  const update = readyStatement<{ name: string; fence: number }>((value) => build(value("name"), value("fence")));
  for (const [name, fence] of [["outbox", 1] as const, ["audit's", 2] as const])
    expect(update({ name, fence })).toEqual(toReady(build(name, fence)));
});

it("encodes values as their columns do, and leaves what is null", () => {
  const given = { params: { program: "true", args: ["?", "'"] }, secretInput: null, isListed: true };
  const rest = {
    orgId: "org_1" as OrgId,
    taskId: "task_1" as TaskId,
    workspaceId: sql`(select 1)`,
    serverId: "srv_1" as ServerId,
    action: "exec",
    effect: "once",
    priority: "normal",
    bodyHash: "hash",
    submittedBy: sql`(select 2)`,
    submittedAtMs: 5,
  } as const;
  const insert = readyStatement<typeof given>((value) =>
    insertWhen(
      tasks,
      { ...rest, params: value("params"), secretInput: value("secretInput"), isListed: value("isListed") },
      previousChanged,
    ),
  );
  expect(insert(given)).toEqual(toReady(insertWhen(tasks, { ...rest, ...given }, previousChanged)));
  expect(insert(given).args).toEqual(expect.arrayContaining([JSON.stringify(given.params), null, 1]));
});

it("is built once, and refuses to leave a value out", () => {
  let built = 0;
  const select = readyStatement<{ runId: RunId }>((value) => {
    built++;
    return sql`select ${value("runId")}`;
  });
  expect([select({ runId: "run_1" as RunId }).args, select({ runId: "run_2" as RunId }).args]).toEqual([
    ["run_1"],
    ["run_2"],
  ]);
  expect(built).toBe(1);
  expect(() => select({} as never)).toThrow("runId");
});

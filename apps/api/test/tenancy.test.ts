import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type * as z from "zod";
import { givenAround } from "../src/auth/permissions.ts";
import { mayAt, wholeOrg, type Place, type Rights } from "../src/auth/rights.ts";
import type { OrgDeclaration } from "../src/trpc.ts";
import { auditEntries } from "../src/db/schema.ts";
import { findIds, idPathsOf, nameOfPath } from "./tenancy/id-paths.ts";
import { inputs } from "./tenancy/inputs.ts";
import { callAll, findLeaks, procedures, scoped } from "./tenancy/matrix.ts";
import { letIn, makeWorld, orgWide, type CallerName, type Ids, type Json, type World } from "./tenancy/world.ts";
import { newId } from "./test-api.ts";

let world: World;

beforeAll(async () => {
  world = await makeWorld();
}, 30_000);

afterAll(() => world[Symbol.asyncDispose]());

const takesIds = scoped.filter(([, made]) => idPathsOfProcedure(made).length > 0);

function idPathsOfProcedure(made: (typeof scoped)[number][1]): string[] {
  return (made._def.inputs as z.ZodType[]).flatMap((schema) => idPathsOf(schema));
}

/** Ids that are only known by what the action is; its parameters have no schema in the router. */
const inParams: Readonly<Record<string, readonly string[]>> = { "tasks.submit": ["params.runId"] };

describe("a procedure that takes ids", () => {
  test.each(takesIds)(
    "%s says at which of them its permission is needed, or that it is needed on the org [T1]",
    (path, made, { at }) => {
      expect(at, `declare "at" for ${path}`).toBeDefined();
      expect(at, `${path} names ids: filter by them after "anywhere" only where it lists`).not.toBe(
        made._def.type === "mutation" ? "anywhere" : undefined,
      );
      const fields = at === "org" || at === "anywhere" ? [] : [at].flat();
      expect(idPathsOfProcedure(made)).toEqual(expect.arrayContaining(fields));
    },
  );

  test.each(takesIds)("%s is in the matrix with each of its ids [T1]", (path, made, { makes }) => {
    const tried = new Set(
      (inputs[path]?.(world.own) ?? []).flatMap((input) => findIds(input)).map((place) => nameOfPath(place.path)),
    );
    const all = new Set([
      ...idPathsOfProcedure(made),
      ...(inParams[path] ?? []),
      ...(makes === undefined ? [] : [makes]),
    ]);
    expect([...tried].sort(), `give ${path} a valid input in test/tenancy/inputs.ts`).toEqual([...all].sort());
  });

  test("there are many, and the matrix has no other", () => {
    expect(takesIds.length).toBeGreaterThan(40);
    expect(Object.keys(inputs).sort()).toEqual(takesIds.map(([path]) => path).sort());
  });
});

describe.each(Object.keys(inputs))("%s", (path) => {
  test("answers what is not the caller's as what does not exist, whoever calls, and touches nothing [T1]", async () => {
    expect(await findLeaks(world, path)).toEqual([]);
  });

  test("without a session answers that one must sign in [T1]", async () => {
    const answers = await callAll(world, { caller: null, path, inputs: inputs[path]?.(world.own) ?? [] });
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(["UNAUTHENTICATED"]));
  });
});

const queries = procedures.flatMap(([path, made]) => (path in inputs && made._def.type === "query" ? [path] : []));

test.each(queries)("%s answers what is the caller's own, so that a refusal above says something [T1]", async (path) => {
  const own = await callAll(world, { caller: "owner", path, inputs: inputs[path]?.(world.own) ?? [] });
  expect(new Set(own.map(({ code }) => code))).toEqual(new Set(["OK"]));
  for (const caller of letIn) {
    const answers = await callAll(world, { caller, path, inputs: inputs[path]?.(world.own) ?? [] });
    expect(answers.every(({ code }) => ["OK", "FORBIDDEN", "NOT_FOUND"].includes(code))).toBe(true);
  }
});

const rightsOf = ({ workspaceId, projectId }: Ids): Record<CallerName, Rights> => {
  const onWorkspace = { workspaceId: workspaceId as WorkspaceId, projectId: null };
  const onProject = { ...onWorkspace, projectId: projectId as ProjectId };
  return {
    ...(Object.fromEntries(orgWide.map((role) => [role, { role, grants: [] }])) as unknown as Record<
      (typeof orgWide)[number],
      Rights
    >),
    adminOfWorkspace: { role: null, grants: [{ ...onWorkspace, role: "admin" }] },
    developerOfWorkspace: { role: null, grants: [{ ...onWorkspace, role: "developer" }] },
    adminOfProject: { role: null, grants: [{ ...onProject, role: "admin" }] },
  };
};

/** Where a permission is asked for by an input of the caller's own workspace; null where that is on the org. */
function placeIn({ at = "org", above }: OrgDeclaration, input: Json, own: Ids): Place | null {
  const fields = input as Record<string, Json>;
  const id =
    at === "org" || at === "anywhere"
      ? undefined
      : [at]
          .flat()
          .map((name) => fields[name])
          .find((value) => typeof value === "string");
  if (id === own.projectId || id === own.taskId)
    return above === true ? placeOfWorkspace(own) : { ...placeOfWorkspace(own), projectId: own.projectId as ProjectId };
  return id === own.workspaceId && above !== true ? placeOfWorkspace(own) : null;
}

const placeOfWorkspace = ({ workspaceId }: Ids): Place => ({
  workspaceId: workspaceId as WorkspaceId,
  projectId: null,
});

test.each(takesIds)(
  "%s is refused to those to whom the table does not give it, at their own place too [T1]",
  async (path, _, declared) => {
    const { own } = world;
    for (const caller of [...orgWide, ...letIn]) {
      const rights = rightsOf(own)[caller];
      for (const input of inputs[path]?.(own) ?? []) {
        const place = placeIn(declared, input, own) ?? wholeOrg;
        const isOfServer =
          [declared.at].flat().includes("serverId") || JSON.stringify(input).includes(`"nodeId":"${own.serverId}"`);
        const isAllowed =
          declared.at === "anywhere" ||
          mayAt(rights, declared.permission, place) ||
          (isOfServer && has(givenAround.server, declared.permission));
        if (isAllowed) continue;
        const [answer] = await callAll(world, { caller, path, inputs: [input] });
        // Who is let in only may not see what else the input names.
        if (rights.role === null && answer?.code === "NOT_FOUND") continue;
        expect({ path, caller, code: answer?.code }).toEqual({ path, caller, code: "FORBIDDEN" });
        expect(answer?.message).toMatch(/Ask somebody who may: /);
      }
    }
  },
);

const has = (names: readonly string[], name: string) => names.includes(name);

const inOneWorkspace = ({ workspaceId, projectId, serverId, taskId }: Ids) => ({
  "workspaces.get": { workspaceId },
  "projects.get": { projectId },
  "projects.list": { workspaceId },
  "servers.get": { serverId },
  "tasks.get": { taskId },
  "quotas.get": { nodeId: projectId },
});

test.each(letIn)("%s reads what they were let into", async (caller) => {
  for (const [path, input] of Object.entries(inOneWorkspace(world.own)))
    expect({ path, answers: await callAll(world, { caller, path, inputs: [input] }) }).toEqual({
      path,
      answers: [{ code: "OK", message: "" }],
    });
});

test("a child of another workspace of the same org is not found in this one, also by who may see both [T1]", async () => {
  const { own, sibling } = world;
  const exec = { taskId: newId("task"), action: "exec", params: { program: "echo", args: [] } };
  const log = { action: "task.log", params: { runId: sibling.runId, fromOffset: 0, maxBytes: 1 } };
  const { workspaceId } = own;
  const submissions = [
    { ...exec, workspaceId, projectId: sibling.projectId },
    { ...exec, workspaceId, projectId: own.projectId, after: [sibling.taskId] },
    { ...exec, ...log, workspaceId, projectId: null },
  ];
  const archive = { archiveId: sibling.runId, replaces: true };
  const asked = [
    ["tasks.submit", submissions],
    ["archives.restoreProject", [{ projectId: own.projectId, ...archive }]],
    ["archives.restoreWorkspace", [{ workspaceId, archiveId: sibling.workspaceArchiveId, replaces: true }]],
    ["archives.deleteOfProject", [{ projectId: own.projectId, archiveId: sibling.runId }]],
  ] as const;
  for (const [path, all] of asked) {
    const answers = await callAll(world, { caller: "owner", path, inputs: all });
    expect({ path, codes: answers.map(({ code }) => code) }).toEqual({ path, codes: all.map(() => "NOT_FOUND") });
  }
});

test("another org's task id may be used without meeting that task [T1]", async () => {
  const { own, foreign, platform } = world;
  const input = {
    taskId: foreign.taskId,
    workspaceId: own.workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["mine"] },
  };
  const theirs = () =>
    platform.api.database.client.execute({ sql: "select * from tasks where orgId = ?", args: [foreign.orgId] });
  const before = JSON.stringify(await theirs());
  expect((await callAll(world, { caller: "owner", path: "tasks.submit", inputs: [input] }))[0]?.code).toBe("OK");
  expect(JSON.stringify(await theirs())).toBe(before);
});

test("a batch that mixes orgs and workspaces answers each part as if it were alone [T1]", async () => {
  const { own, sibling, foreign } = world;
  const mixed = [own, sibling, foreign, own].map(({ workspaceId }) => ({ workspaceId }));
  const codesOf = async (caller: "owner" | "developerOfWorkspace") =>
    (await callAll(world, { caller, path: "workspaces.get", inputs: mixed })).map(({ code }) => code);
  expect(await codesOf("owner")).toEqual(["OK", "OK", "NOT_FOUND", "OK"]);
  expect(await codesOf("developerOfWorkspace")).toEqual(["OK", "NOT_FOUND", "NOT_FOUND", "OK"]);
});

test("what was refused is recorded, once an hour for the same caller, procedure and reason [T1]", async () => {
  const { platform, own, callers } = world;
  const { orgId } = await callers.owner.api.orgs.current.query();
  const latecomer = await platform.memberOf(orgId, "viewer");
  const { me } = await latecomer.api.auth.state.query();
  const projectId = own.projectId as never;
  for (const _ of ["once", "again"]) await latecomer.api.projects.retryClone.mutate({ projectId }).catch(() => {});
  const { db } = platform.api.database;
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.actor, me!.userId));
  expect(entries.map(({ action, outcome, detail }) => `${action} ${outcome} ${detail}`)).toEqual([
    "projects.retryClone refused FORBIDDEN",
  ]);
});

test.each(["owner", ...letIn] as const)("lists hold nothing of what %s may not see [T1]", async (caller) => {
  const { callers, own, sibling, foreign } = world;
  const { api } = callers[caller];
  const lists = JSON.stringify([
    await api.servers.list.query(),
    await api.workspaces.list.query(),
    await api.projects.list.query({ workspaceId: own.workspaceId as never }),
    await api.updates.overview.query(),
    (await api.tasks.list.query({})).tasks,
  ]);
  const hidden = caller === "owner" ? [foreign] : [foreign, sibling];
  for (const { serverId, workspaceId, projectId, runId } of hidden)
    for (const id of [serverId, workspaceId, projectId, runId]) expect(lists).not.toContain(id);
  for (const id of [own.serverId, own.workspaceId, own.projectId, own.runId]) expect(lists).toContain(id);
});

test("what waits on another org's server counts for none of one's own [T1]", async () => {
  const { platform } = world;
  const { api, serverId } = await platform.withWorkspace(await platform.outsider());
  const other = await platform.withWorkspace(await platform.outsider());
  await other.api.tasks.submit.mutate({
    taskId: newId("task"),
    workspaceId: other.workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: [] },
  });
  const before = await other.api.servers.get.query({ serverId: other.serverId });
  expect(before.waitingRuns).toBe(2); // That, and the making of the workspace.
  expect((await api.servers.get.query({ serverId })).waitingRuns).toBe(1);
});

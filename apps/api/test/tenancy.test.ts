import type { AnyProcedure } from "@trpc/server";
import { idPrefixes, type IdKind, type ProjectId, type RunId, type ServerId, type TaskId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appRouter } from "../src/app-router.ts";
import { archives, auditEntries, bridgeUpdates, members, rollouts, workspaces } from "../src/db/schema.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import type { Declaration } from "../src/trpc.ts";
import { newId, TestApi, type Fixture } from "./test-api.ts";

// The matrix of ATTACKS T1, from the router: every procedure with every id in its input, as another org's, as one of
// nobody, and as an id of another kind.

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

let platform: TestApi;
let own: Ids;
let foreign: Ids;
let clients: { owner: QuarterdeckClient; viewer: QuarterdeckClient };

interface Ids {
  readonly orgId: string;
  readonly workspaceId: string;
  readonly otherWorkspaceId: string;
  readonly projectId: string;
  readonly serverId: string;
  readonly taskId: string;
  readonly runId: string;
  readonly workspaceArchiveId: string;
  readonly enrolmentId: string;
  readonly rolloutId: string;
  readonly memberId: string;
  readonly invitationId: string;
}

async function furnish({ api, workspaceId, serverId }: Fixture): Promise<Ids> {
  const other = await api.workspaces.create.mutate({ name: "Other", serverId });
  const { project } = await api.projects.createFromGit.mutate({
    workspaceId,
    name: "qs",
    url: "https://example.com/qs.git",
  });
  const submission = {
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: [] },
  };
  const { taskId, runId } = await api.tasks.submit.mutate(submission);
  const workspaceArchiveId = await insertArchives({
    workspaceId,
    projectId: project.projectId,
    serverId,
    taskId,
    runId,
  });
  const { enrolmentId } = await api.servers.createEnrolment.mutate({});
  const rolloutId = await insertEndedRollout(api, serverId);
  const { orgId } = await api.orgs.current.query();
  const member = await platform.memberOf(orgId, "member");
  const { userId: memberId } = (await member.api.auth.state.query()).me!;
  const invited = { email: `${newId("user")}@example.com`, role: "viewer" } as const;
  const { invitation } = await api.invitations.create.mutate(invited);
  return {
    orgId,
    memberId,
    invitationId: invitation.invitationId,
    rolloutId,
    workspaceId,
    otherWorkspaceId: other.workspaceId,
    projectId: project.projectId,
    serverId,
    taskId,
    runId,
    workspaceArchiveId,
    enrolmentId,
  };
}

/** One of the project and one of the workspace, each of a run that there is. */
async function insertArchives(
  ids: Pick<Fixture, "workspaceId" | "serverId"> & { projectId: ProjectId; taskId: TaskId; runId: RunId },
): Promise<RunId> {
  const { db } = platform.api.database;
  const { projectId, taskId, runId, ...place } = ids;
  const { orgId } = (await db.select().from(workspaces).where(eq(workspaces.workspaceId, ids.workspaceId)))[0]!;
  const row = { ...place, orgId, taskId, sizeBytes: 1, sha256: "a".repeat(64), projects: [], madeAtMs: 1 };
  const workspaceArchiveId = newId("run");
  await platform.api.runtime.writer.commit([
    db.insert(archives).values({ ...row, archiveId: runId, projectId }),
    db.insert(archives).values({ ...row, archiveId: workspaceArchiveId, projectId: null }),
  ]);
  return workspaceArchiveId;
}

async function insertEndedRollout(api: Fixture["api"], serverId: ServerId): Promise<string> {
  const { orgId } = await api.orgs.current.query();
  const rolloutId = newId("rollout");
  const { db } = platform.api.database;
  const [{ userId } = { userId: newId("user") }] = await db.select().from(members).where(eq(members.orgId, orgId));
  const [startedAtMs, version] = [1, "1.0.0"];
  await platform.api.runtime.writer.commit([
    db.insert(rollouts).values({
      rolloutId,
      orgId,
      version,
      startedAtMs,
      startedBy: userId,
      manifestHash: "hash",
      triesAgain: false,
      state: "completed",
    }),
    db.insert(bridgeUpdates).values({
      rolloutId,
      serverId,
      orgId,
      place: 0,
      state: "updated",
      fromVersion: version,
      changedAtMs: startedAtMs,
    }),
  ]);
  return rolloutId;
}

beforeAll(async () => {
  platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  own = await furnish(fixture);
  const outsider = await platform.outsider();
  foreign = await furnish(await platform.withWorkspace(outsider));
  const { orgId } = await fixture.api.orgs.current.query();
  clients = { owner: fixture.client, viewer: await platform.memberOf(orgId, "viewer") };
}, 30_000);

afterAll(() => platform[Symbol.asyncDispose]());

/** A valid input of each procedure that takes ids; the matrix replaces one id at a time. */
const inputs: Record<string, (ids: Ids) => Json[]> = {
  "members.remove": ({ memberId }) => [{ userId: memberId }],
  "members.setRole": ({ memberId }) => [{ userId: memberId, role: "viewer" }],
  "orgs.transfer": ({ memberId }) => [{ userId: memberId }],
  "invitations.resend": ({ invitationId }) => [{ invitationId }],
  "invitations.revoke": ({ invitationId }) => [{ invitationId }],
  "servers.get": ({ serverId }) => [{ serverId }],
  "servers.rename": ({ serverId }) => [{ serverId, name: "Renamed" }],
  "servers.acknowledgeAuditAlert": ({ serverId }) => [{ serverId, seq: 1, atMs: 1 }],
  "servers.limitFindings": ({ serverId }) => [{ serverId }],
  "servers.acknowledgeLimitAlert": ({ serverId }) => [{ serverId, atMs: 1 }],
  "servers.revoke": ({ serverId }) => [{ serverId }],
  "servers.enrolment": ({ enrolmentId }) => [{ enrolmentId }],
  "servers.viewerTicket": ({ serverId, workspaceId, runId }) => [
    { serverId, telemetry: true, runIds: [runId] },
    { serverId, telemetry: false, workspaceIds: [workspaceId], runIds: [] },
    { serverId, telemetry: false, runIds: [], inputRunIds: [runId] },
  ],
  "updates.updateServer": ({ serverId }) => [{ serverId }],
  "updates.updateAll": ({ serverId }) => [{ firstServerId: serverId }],
  "updates.stop": ({ rolloutId }) => [{ rolloutId }],
  "workspaces.get": ({ workspaceId }) => [{ workspaceId }],
  "workspaces.freeze": ({ workspaceId }) => [{ workspaceId }],
  "workspaces.thaw": ({ workspaceId }) => [{ workspaceId }],
  "workspaces.create": ({ serverId }) => [{ serverId, name: "New" }],
  "projects.list": ({ workspaceId }) => [{ workspaceId }],
  "projects.get": ({ projectId }) => [{ projectId }],
  "projects.createFromGit": ({ workspaceId }) => [{ workspaceId, name: "new", url: "https://example.com/new.git" }],
  "projects.retryClone": ({ projectId }) => [{ projectId }],
  "projects.setTestCommand": ({ projectId }) => [{ projectId, program: "npm", args: [] }],
  "projects.setNetwork": ({ projectId }) => [{ projectId, network: { mode: "none", hosts: [] } }],
  "projects.setPrograms": ({ projectId }) => [{ projectId, added: ["deno"], installScripts: true }],
  "archives.ofProject": ({ projectId }) => [{ projectId }],
  "archives.ofWorkspace": ({ workspaceId }) => [{ workspaceId }],
  "archives.archiveProject": ({ projectId }) => [{ projectId }],
  "archives.archiveWorkspace": ({ workspaceId }) => [{ workspaceId }],
  "archives.restoreProject": ({ projectId, runId }) => [{ projectId, archiveId: runId, replaces: true }],
  "archives.restoreWorkspace": ({ workspaceId, workspaceArchiveId: archiveId }) => [
    { workspaceId, archiveId, replaces: true },
  ],
  "archives.deleteOfProject": ({ projectId, runId }) => [{ projectId, archiveId: runId }],
  "archives.deleteOfWorkspace": ({ workspaceId, workspaceArchiveId: archiveId }) => [{ workspaceId, archiveId }],
  "archives.setKeptOfProject": ({ projectId }) => [{ projectId, keeps: 1 }],
  "archives.setKeptOfWorkspace": ({ workspaceId }) => [{ workspaceId, keeps: 1 }],
  "quotas.get": (ids) => quotaNodes(ids),
  "quotas.set": (ids) => quotaNodes(ids).map((node) => ({ ...node, limits: { cpu: 1000 } })),
  "quotas.setOvercommit": (ids) => quotaNodes(ids).map((node) => ({ ...node, isOvercommitted: true })),
  "quotas.setWeight": (ids) => quotaNodes(ids).map((node) => ({ ...node, weight: 2 })),
  "quotas.history": (ids) => quotaNodes(ids),
  "quotas.setLifecycle": ({ projectId }) => [{ projectId, state: "suspended" }],
  "quotas.undo": (ids) => quotaNodes(ids).map((node) => ({ ...node, historyId: 1 })),
  "quotas.evidence": (ids) => quotaNodes(ids),
  "quotas.evidenceHistory": (ids) => quotaNodes(ids),
  "telemetry.history": ({ serverId, workspaceId, projectId }) =>
    [serverId, workspaceId, projectId].map((nodeId) => ({ nodeId, span: "day" })),
  "tasks.submit": ({ workspaceId, projectId, runId }) => [
    { ...submission(), workspaceId, projectId, action: "exec", params: { program: "echo", args: [] } },
    {
      ...submission(),
      workspaceId,
      projectId: null,
      action: "task.log",
      params: { runId, fromOffset: 0, maxBytes: 1 },
    },
  ],
  "tasks.list": ({ workspaceId, projectId, serverId, taskId }) => [
    { workspaceId, projectId, serverId, cursor: taskId },
  ],
  "tasks.get": ({ taskId }) => [{ taskId }],
  "tasks.cancel": ({ taskId }) => [{ taskId }],
  "tasks.setPriority": ({ taskId }) => [{ taskId, priority: "high" }],
  "tasks.resolveOutcome": ({ taskId }) => [{ taskId, outcome: "runAgain" }],
};

function quotaNodes({ orgId, workspaceId, projectId }: Ids): { nodeId: string }[] {
  return [orgId, workspaceId, projectId].map((nodeId) => ({ nodeId }));
}

/** The client makes it: another org's may be used again without a trace of that one's. */
const submission = () => ({ taskId: newId("task") });
const clientMade = new Set(["tasks.submit:taskId"]);

const withoutIds = [
  "orgs.current",
  "orgs.rename",
  "orgs.access",
  "orgs.setAddresses",
  "orgs.setMfaRequired",
  "orgs.successors",
  "orgs.requestDeletion",
  "orgs.cancelDeletion",
  "invitations.list",
  "invitations.create",
  "servers.list",
  "updates.overview",
  "servers.createEnrolment",
  "workspaces.list",
  "quotas.presets",
  "events.changes",
];

const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>);
const scoped = procedures.filter(([, made]) => (made._def.meta as Declaration).scope === "org").map(([path]) => path);

const kindOf = (value: string): IdKind | undefined =>
  (Object.keys(idPrefixes) as IdKind[]).find((kind) => new RegExp(`^${idPrefixes[kind]}_[0-9a-z]{26}$`).test(value));

interface IdPlace {
  readonly path: readonly (string | number)[];
  readonly id: string;
  readonly kind: IdKind;
}

function findIds(value: Json, path: readonly (string | number)[] = []): IdPlace[] {
  if (typeof value === "string") {
    const kind = kindOf(value);
    return kind === undefined ? [] : [{ path, id: value, kind }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => findIds(inner, [...path, key]));
}

function replaced(value: Json, path: readonly (string | number)[], id: string): Json {
  const [key, ...rest] = path;
  if (key === undefined) return id;
  if (Array.isArray(value))
    return value.map((inner, index) => (index === Number(key) ? replaced(inner, rest, id) : inner));
  const record = value as { [key: string]: Json };
  return { ...record, [key]: replaced(record[key] ?? null, rest, id) };
}

function foreignId(id: string): string {
  const field = (Object.keys(own) as (keyof Ids)[]).find((name) => own[name] === id);
  if (field === undefined) throw new Error(`not an id of the fixture: ${id}`);
  return foreign[field];
}

async function call(client: QuarterdeckClient, path: string, input: Json) {
  const isQuery = procedures.find(([name]) => name === path)?.[1]._def.type === "query";
  const url = `${platform.origin}/trpc/${path}`;
  const headers = { authorization: `Bearer ${client.sessionToken()}`, "content-type": "application/json" };
  const response = isQuery
    ? await fetch(`${url}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers })
    : await fetch(url, { method: "POST", headers, body: JSON.stringify(input) });
  const body = (await response.json()) as { error?: { message: string; data: { code: string } } };
  return { status: response.status, code: body.error?.data.code, message: body.error?.message };
}

/** All that the other org has, to see that nothing of it was touched. */
async function dumpForeign(): Promise<string> {
  const { db } = platform.api.database;
  const tables = [
    "members",
    "invitations",
    "servers",
    "workspaces",
    "projects",
    "tasks",
    "runs",
    "archives",
    "enrolments",
    "rollouts",
    "bridge_updates",
    "outbox",
    "quota_history",
    "quota_overcommits",
    "quota_nodes",
    "limit_reports",
    "limit_evidence",
  ];
  const dumps = tables.map((table) => {
    const key =
      table === "outbox"
        ? sql`"serverId" = ${foreign.serverId}`
        : table === "quota_nodes"
          ? sql`id in (select node_id from quota_paths where ancestor_id = ${foreign.orgId})`
          : sql`"orgId" = (select "orgId" from servers where "serverId" = ${foreign.serverId})`;
    return db.all(sql`select * from ${sql.identifier(table)} where ${key}`);
  });
  return JSON.stringify(await Promise.all(dumps));
}

test("the matrix knows every procedure of the router [T1]", () => {
  expect([...Object.keys(inputs), ...withoutIds].sort()).toEqual([...scoped].sort());
});

describe.each(Object.keys(inputs))("%s", (path) => {
  test("an id of another org is answered as one that does not exist, for every role, and touches nothing [T1]", async () => {
    const before = await dumpForeign();
    for (const role of ["owner", "viewer"] as const) {
      for (const input of inputs[path]!(own)) {
        const places = findIds(input).filter((place) => !clientMade.has(`${path}:${place.path.join(".")}`));
        expect(places.length).toBeGreaterThan(0);
        for (const place of places) {
          const client = clients[role];
          const ofOther = await call(client, path, replaced(input, place.path, foreignId(place.id)));
          const ofNobody = await call(client, path, replaced(input, place.path, newId(place.kind)));
          const ofWrongKind = await call(
            client,
            path,
            replaced(input, place.path, newId(place.kind === "user" ? "run" : "user")),
          );
          expect({ place: place.path, ...ofOther }).toEqual({ place: place.path, ...ofNobody });
          expect(["NOT_FOUND", "FORBIDDEN"]).toContain(ofOther.code);
          if (role === "owner") expect(ofOther.code).toBe("NOT_FOUND");
          expect(["BAD_REQUEST", "FORBIDDEN"]).toContain(ofWrongKind.code);
        }
      }
    }
    expect(await dumpForeign()).toBe(before);
  });

  test("without a session it answers that one must sign in [T1]", async () => {
    for (const input of inputs[path]!(own)) {
      expect((await call(platform.client(), path, input)).code).toBe("UNAUTHENTICATED");
    }
  });
});

test("a project of another workspace of the same org is not found in this one [T1]", async () => {
  const input = {
    ...submission(),
    workspaceId: own.otherWorkspaceId,
    projectId: own.projectId,
    action: "exec",
    params: { program: "echo", args: [] },
  };
  expect((await call(clients.owner, "tasks.submit", input)).code).toBe("NOT_FOUND");
  const log = {
    ...submission(),
    workspaceId: own.otherWorkspaceId,
    projectId: null,
    action: "task.log",
    params: { runId: own.runId, fromOffset: 0, maxBytes: 1 },
  };
  expect((await call(clients.owner, "tasks.submit", log)).code).toBe("NOT_FOUND");
});

test("another org's task id may be used without meeting that task [T1]", async () => {
  const input = {
    taskId: foreign.taskId,
    workspaceId: own.workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["mine"] },
  };
  const before = await dumpForeign();
  expect((await call(clients.owner, "tasks.submit", input)).status).toBe(200);
  expect(await dumpForeign()).toBe(before);
});

test("a batch that mixes orgs answers each part as if it were alone [T1]", async () => {
  const { api } = clients.owner;
  const get = (workspaceId: string) => api.workspaces.get.query({ workspaceId: workspaceId as never });
  const [mine, theirs] = await Promise.allSettled([get(own.workspaceId), get(foreign.workspaceId)]);
  expect([mine.status, theirs.status]).toEqual(["fulfilled", "rejected"]);
});

test("what was refused is recorded, once an hour for the same caller, procedure and reason [T1]", async () => {
  const { db } = platform.api.database;
  const refused = async () => {
    const entries = await db.select().from(auditEntries).where(eq(auditEntries.action, "projects.retryClone"));
    return entries.map(({ outcome, detail }) => `${outcome} ${detail}`).sort();
  };
  expect(await refused()).toEqual(["refused FORBIDDEN", "refused NOT_FOUND"]);
  const { orgId } = await clients.owner.api.orgs.current.query();
  const other = await platform.memberOf(orgId, "viewer");
  for (const _ of ["once", "again"]) await call(other, "projects.retryClone", { projectId: own.projectId });
  expect(await refused()).toEqual(["refused FORBIDDEN", "refused FORBIDDEN", "refused NOT_FOUND"]);
});

test("lists hold nothing of another org [T1]", async () => {
  const { api } = clients.owner;
  const lists = JSON.stringify([
    await api.servers.list.query(),
    await api.workspaces.list.query(),
    await api.updates.overview.query(),
    (await api.tasks.list.query({})).tasks,
  ]);
  for (const id of [foreign.serverId, foreign.workspaceId, foreign.projectId, foreign.runId])
    expect(lists).not.toContain(id);
});

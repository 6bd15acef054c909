import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import type { Role } from "../src/auth/permissions.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { auditEntries, orgs } from "../src/db/schema.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const bar = { timeout: 5000 };

interface LetIn {
  readonly userId: UserId;
  readonly client: QuarterdeckClient;
  readonly api: QuarterdeckClient["api"];
}

/** Somebody with a role on one workspace, or project, and none on the org. */
async function letIn(
  platform: TestApi,
  { api }: Fixture,
  { placeId, role }: { placeId: Fixture["workspaceId"]; role: Role },
): Promise<LetIn> {
  const { orgId } = await api.orgs.current.query();
  const client = await platform.memberOf(orgId, "viewer");
  const { userId } = (await client.api.auth.state.query()).me!;
  await api.members.setGrant.mutate({ userId, placeId, role });
  await api.members.setRole.mutate({ userId, role: null });
  return { userId, client, api: client.api };
}

async function withProject({ api, workspaceId }: Fixture, name = "qs") {
  const url = "https://example.com/qs.git";
  return (await api.projects.createFromGit.mutate({ workspaceId, name, url })).project;
}

const exec = { action: "exec", params: { program: "echo", args: [] } };

const epochOf = async ({ api }: TestApi, orgId: OrgId) =>
  (await api.database.db.select().from(orgs).where(eq(orgs.orgId, orgId)))[0]?.contentEpoch;

test("who loses a grant stops following and watching within five seconds, and content has new keys from then on [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const guest = await letIn(platform, fixture, { placeId: workspaceId, role: "developer" });
  const { taskId, runId } = await guest.api.tasks.submit.mutate({
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    ...exec,
  });
  await guest.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [runId] });
  const ended = new Promise<unknown>((onError) => {
    guest.api.events.changes.subscribe({}, { onError, onData: () => {} });
  });
  const [before, told] = [await epochOf(platform, orgId), platform.relay.revocations.length];
  await api.members.removeGrant.mutate({ userId: guest.userId, placeId: workspaceId });
  await expect.poll(() => platform.relay.revocations.slice(told), bar).toEqual([{ serverId, userId: guest.userId }]);
  expect(await ended).toBeDefined();
  expect(await epochOf(platform, orgId)).toBe((before ?? 0) + 1);
  expect((await refusalOf(guest.api.tasks.get.query({ taskId }))).code).toBe("FORBIDDEN");
  expect((await refusalOf(guest.api.workspaces.list.query())).code).toBe("FORBIDDEN");
  const { db } = platform.api.database;
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.action, "member.removeGrant"));
  expect(entries.map(({ subject, detail }) => ({ subject, detail }))).toEqual([
    { subject: guest.userId, detail: `${workspaceId}: was developer` },
  ]);
});

test("who loses a grant behind the platform's back stops watching within five seconds [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { workspaceId, serverId } = fixture;
  const guest = await letIn(platform, fixture, { placeId: workspaceId, role: "viewer" });
  await guest.api.servers.viewerTicket.mutate({ serverId, telemetry: false, workspaceIds: [workspaceId], runIds: [] });
  const told = platform.relay.revocations.length;
  await platform.api.database.client.batch(["delete from grants"], "write");
  await expect.poll(() => platform.relay.revocations.slice(told), bar).toEqual([{ serverId, userId: guest.userId }]);
});

test("a grant gives more than the org's role at its place only, and the refusal elsewhere says whom to ask [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const project = await withProject(fixture);
  const viewer = await platform.memberOf(orgId, "viewer");
  const { userId } = (await viewer.api.auth.state.query()).me!;
  await api.members.setGrant.mutate({ userId, placeId: project.projectId, role: "developer" });
  const submit = (projectId: typeof project.projectId | null) =>
    viewer.api.tasks.submit.mutate({ taskId: newId("task"), workspaceId, projectId, ...exec });
  const { taskId } = await submit(project.projectId);
  await viewer.api.tasks.cancel.mutate({ taskId });
  expect(await refusalOf(submit(null))).toEqual({
    code: "FORBIDDEN",
    message: "Your role there (viewer) does not allow exec. Ask somebody who may: owner or admin or developer.",
  });
  const own = await api.tasks.submit.mutate({ taskId: newId("task"), workspaceId, projectId: null, ...exec });
  expect((await refusalOf(viewer.api.tasks.cancel.mutate({ taskId: own.taskId }))).code).toBe("FORBIDDEN");
});

test("who is let into one workspace hears of what changes there, and of nothing else [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const other = await api.workspaces.create.mutate({ name: "Other", serverId });
  const project = await withProject(fixture);
  const guest = await letIn(platform, fixture, { placeId: project.projectId as never, role: "viewer" });
  const seen: string[] = [];
  guest.api.events.changes.subscribe({}, { onData: ({ data }) => seen.push(data.id) });
  const { orgId } = await api.orgs.current.query();
  await expect.poll(() => seen, bar).toEqual([orgId]);
  const inOther = { workspaceId: other.workspaceId, projectId: null, ...exec };
  await api.tasks.submit.mutate({ taskId: newId("task"), ...inOther });
  await api.tasks.submit.mutate({ taskId: newId("task"), workspaceId, projectId: null, ...exec });
  const command = { program: "npm", args: ["test"] };
  await api.projects.setTestCommand.mutate({ projectId: project.projectId, ...command });
  await expect.poll(() => seen.at(-1), bar).toBe(project.projectId);
  expect(new Set(seen)).toEqual(new Set([orgId, project.projectId]));
});

test("nobody gives more than they have there, nor raises what they were given [T4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const project = await withProject(fixture);
  const other = await api.workspaces.create.mutate({ name: "Other", serverId: fixture.serverId });
  const admin = await letIn(platform, fixture, { placeId: workspaceId, role: "admin" });
  const { userId } = (await (await platform.memberOf(orgId, "viewer")).api.auth.state.query()).me!;
  const give = (placeId: typeof workspaceId, role: Role) =>
    admin.api.members.setGrant.mutate({ userId, placeId, role });
  expect((await give(workspaceId, "developer")).grants).toMatchObject([
    { workspaceId, projectId: null, role: "developer" },
  ]);
  expect((await refusalOf(give(workspaceId, "owner"))).code).toBe("FORBIDDEN");
  expect((await refusalOf(give(other.workspaceId, "viewer"))).code).toBe("NOT_FOUND");
  const toItself = { userId: admin.userId, placeId: workspaceId, role: "owner" } as const;
  expect((await refusalOf(admin.api.members.setGrant.mutate(toItself))).code).toBe("FORBIDDEN");
  expect((await refusalOf(admin.api.members.setRole.mutate({ userId: admin.userId, role: "owner" }))).code).toBe(
    "FORBIDDEN",
  );
  const raise = (nodeId: typeof workspaceId) => admin.api.quotas.set.mutate({ nodeId, limits: { cpu: 1000 } });
  expect((await refusalOf(raise(workspaceId))).code).toBe("FORBIDDEN");
  expect((await raise(project.projectId as never)).limits).toMatchObject({ cpu: 1000 });
  expect((await admin.api.quotas.get.query({ nodeId: workspaceId })).mayChange).toBe(false);
  expect((await admin.api.quotas.get.query({ nodeId: project.projectId })).mayChange).toBe(true);
});

test("nothing is signed anew for who lost the grant that let them submit it [T2][T3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const guest = await letIn(platform, fixture, { placeId: workspaceId, role: "developer" });
  const { runId } = await guest.api.tasks.submit.mutate({
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    ...exec,
  });
  const renew = async () =>
    (await platform.internal("/relay/renewals", { serverId, runIds: [runId] })).json() as Promise<
      Record<string, unknown[]>
    >;
  expect((await renew())["renewed"]).toMatchObject([{ runId }]);
  await api.members.setGrant.mutate({ userId: guest.userId, placeId: workspaceId, role: "viewer" });
  expect((await renew())["refused"]).toMatchObject([{ runId, code: "FORBIDDEN" }]);
});

test("a member who is removed keeps no grant, also when they come back [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const guest = await letIn(platform, fixture, { placeId: fixture.workspaceId, role: "admin" });
  await fixture.api.members.remove.mutate({ userId: guest.userId });
  const { rows } = await platform.api.database.client.execute("select * from grants");
  expect(rows).toEqual([]);
});

test("members are listed with what they are, searched, and asked who may do what", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId } = fixture;
  const guest = await letIn(platform, fixture, { placeId: workspaceId, role: "developer" });
  const { orgId } = await api.orgs.current.query();
  const all = await api.members.list.query({});
  expect(all.members.map(({ email, role }) => [email, role])).toEqual([
    ["ada@example.com", "owner"],
    [`${guest.userId}@example.com`, null],
  ]);
  expect(all.members[1]?.grants).toEqual([
    { workspaceId, projectId: null, role: "developer", workspaceName: "Shop", projectName: null },
  ]);
  expect((await api.members.list.query({ search: "ADA@" })).members).toHaveLength(1);
  const first = await api.members.list.query({ limit: 1 });
  expect((await api.members.list.query({ limit: 1, cursor: first.nextCursor })).members).toEqual(all.members.slice(1));
  const whoRuns = async (placeId: typeof orgId | typeof workspaceId) =>
    (await api.members.whoMay.query({ permission: "tasks.run", placeId })).map(({ userId, roles }) => ({
      userId,
      roles,
    }));
  const { userId } = (await api.auth.state.query()).me!;
  expect(await whoRuns(orgId)).toEqual([{ userId, roles: ["owner"] }]);
  expect(await whoRuns(workspaceId)).toEqual([
    { userId, roles: ["owner"] },
    { userId: guest.userId, roles: ["developer"] },
  ]);
  expect(await guest.api.members.rights.query()).toEqual({
    role: null,
    grants: [{ workspaceId, projectId: null, role: "developer" }],
  });
});

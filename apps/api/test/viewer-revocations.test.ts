import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { QuarterdeckClient } from "../src/client.ts";
import { auditEntries, authSessions, members, orgs } from "../src/db/schema.ts";
import { newId, owner, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const bar = { timeout: 5000 };

async function userIdOf({ api }: QuarterdeckClient) {
  return (await api.auth.state.query()).me!.userId;
}

/** A member with a ticket and nothing else: as one who watches a server and follows no changes. */
async function withWatcher(platform: TestApi, { api, serverId }: Fixture) {
  const { orgId } = await api.orgs.current.query();
  const member = await platform.memberOf(orgId, "developer");
  await member.api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  return { member, orgId, userId: await userIdOf(member) };
}

const epochOf = async ({ api }: TestApi, orgId: OrgId) =>
  (await api.database.db.select().from(orgs).where(eq(orgs.orgId, orgId)))[0]?.contentEpoch;

async function auditOf({ api }: TestApi, action: string) {
  const entries = await api.database.db.select().from(auditEntries).where(eq(auditEntries.action, action));
  return entries.map(({ actor, subject, detail }) => ({ actor, subject, detail }));
}

/** Changes rows behind the platform's back, as its operator could. */
const edit = ({ api }: TestApi, statement: ReturnType<typeof sql>) => api.runtime.writer.commit([statement]);

test("who signs out stops watching every server of the org within five seconds, and nobody else does [T1]", async () => {
  await using platform = await TestApi.start();
  const { client, serverId } = await platform.withWorkspace();
  const second = await platform.connectServer(client);
  await platform.withWorkspace(await platform.outsider());
  const userId = await userIdOf(client);
  await client.api.auth.signOut.mutate();
  await expect.poll(() => platform.relay.revocations.length, bar).toBe(2);
  const told = platform.relay.revocations.map((revocation) => JSON.stringify(revocation)).sort();
  const expected = [serverId, second.serverId].map((id) => JSON.stringify({ serverId: id, userId }));
  expect(told).toEqual(expected.sort());
  expect(await auditOf(platform, "session.end")).toEqual([{ actor: userId, subject: userId, detail: null }]);
});

test("what the relay is told when it was not there is told when it is, also by an API that was started again [F1] [F2]", async () => {
  await using platform = await TestApi.start();
  const { client, serverId } = await platform.withWorkspace();
  await platform.relay.hasEntries(serverId, 2);
  const userId = await userIdOf(client);
  await platform.relay.stop();
  const before = Date.now();
  await client.api.auth.signOut.mutate();
  const after = Date.now();
  await platform.restart();
  platform.relay.faults.push("fail", "loseAnswer");
  await platform.relay.start();
  platform.api.runtime.nudgeOutbox();
  await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId, userId }]);
  // The time is that of the sign-out, so a ticket from after it counts.
  const entry = platform.relay.entriesOf(serverId).at(-1);
  const atMs = entry?.kind === "revokeViewers" ? entry.atMs : 0;
  expect(atMs).toBeGreaterThanOrEqual(before);
  expect(atMs).toBeLessThanOrEqual(after);
});

test("a sign-in that replaces a session ends what that session watched [T5]", async () => {
  await using platform = await TestApi.start();
  const { client, serverId } = await platform.withWorkspace();
  const userId = await userIdOf(client);
  await client.api.auth.signIn.mutate(owner);
  await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId, userId }]);
});

test("a removed member loses what is open, and what starts from then on has new keys; all of it is recorded [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { member, orgId, userId } = await withWatcher(platform, fixture);
  const closed = Promise.withResolvers<void>();
  const following = Promise.withResolvers<void>();
  const subscription = member.api.events.changes.subscribe(
    {},
    {
      onStarted: () => following.resolve(),
      onConnectionStateChange: ({ state }) => state === "connecting" && closed.resolve(),
    },
  );
  await following.promise;
  await fixture.api.members.remove.mutate({ userId });
  await closed.promise;
  subscription.unsubscribe();
  await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId: fixture.serverId, userId }]);
  expect(await epochOf(platform, orgId)).toBe(2);
  const actor = await userIdOf(fixture.client);
  expect(await auditOf(platform, "member.remove")).toEqual([{ actor, subject: userId, detail: null }]);
  expect(await auditOf(platform, "content.newEpoch")).toHaveLength(1);
  expect((await refusalOf(member.api.servers.list.query())).code).toBe("NO_ORG");
});

test("a lowered role ends what is open, so that a ticket to type into a run is worth nothing; a higher one ends nothing [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, workspaceId } = fixture;
  const { member, orgId, userId } = await withWatcher(platform, fixture);
  const task = { workspaceId, projectId: null, action: "exec", params: { program: "echo", args: [], input: true } };
  const { runId } = await api.tasks.submit.mutate({ taskId: newId("task"), ...task });
  const input = { serverId, telemetry: false, runIds: [], inputRunIds: [runId] };
  await member.api.servers.viewerTicket.mutate(input);

  await api.members.setRole.mutate({ userId, role: "admin" });
  expect(await api.members.setRole.mutate({ userId, role: "viewer" })).toMatchObject({ userId, role: "viewer" });
  await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId, userId }]);
  expect((await refusalOf(member.api.servers.viewerTicket.mutate(input))).code).toBe("FORBIDDEN");
  await member.api.servers.viewerTicket.mutate({ ...input, runIds: [runId], inputRunIds: [] });
  expect(await epochOf(platform, orgId)).toBe(1);
  const details = (await auditOf(platform, "member.setRole")).map(({ detail }) => detail);
  expect(new Set(details)).toEqual(new Set(["from admin to viewer", "from developer to admin"]));
});

test("the only owner can neither be removed nor lowered, and who is no owner changes no member [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { member, userId } = await withWatcher(platform, fixture);
  const ownerId = await userIdOf(fixture.client);
  const { members: own } = fixture.api;
  expect((await refusalOf(own.remove.mutate({ userId: ownerId }))).code).toBe("CONFLICT");
  expect((await refusalOf(own.setRole.mutate({ userId: ownerId, role: "developer" }))).code).toBe("CONFLICT");
  expect((await refusalOf(member.api.members.setRole.mutate({ userId, role: "owner" }))).code).toBe("FORBIDDEN");
  await own.setRole.mutate({ userId, role: "owner" });
  await member.api.members.remove.mutate({ userId: ownerId });
  expect((await refusalOf(own.remove.mutate({ userId }))).code).toBe("NO_ORG");
});

interface Loss {
  readonly name: string;
  readonly statement: (userId: UserId) => ReturnType<typeof sql>;
  readonly action: string;
  readonly epoch: number;
}

test.each<Loss>([
  {
    name: "a membership",
    statement: (userId) => sql`delete from ${members} where ${eq(members.userId, userId)}`,
    action: "member.remove",
    epoch: 2,
  },
  {
    name: "a part of a role",
    statement: (userId) => sql`update ${members} set role = 'viewer' where ${eq(members.userId, userId)}`,
    action: "member.setRole",
    epoch: 1,
  },
  {
    name: "a session",
    statement: (userId) => sql`delete from ${authSessions} where ${eq(authSessions.userId, userId)}`,
    action: "session.end",
    epoch: 1,
  },
])(
  "whoever loses $name behind the platform's back stops watching within five seconds, without doing anything [T1]",
  async ({ statement, action, epoch }) => {
    await using platform = await TestApi.start();
    const fixture = await platform.withWorkspace();
    const { orgId, userId } = await withWatcher(platform, fixture);
    await fixture.api.servers.viewerTicket.mutate({ serverId: fixture.serverId, telemetry: true, runIds: [] });
    await edit(platform, statement(userId));
    await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId: fixture.serverId, userId }]);
    expect(await epochOf(platform, orgId)).toBe(epoch);
    const told = [{ actor: "platform", subject: userId, detail: expect.stringContaining("noticed") }];
    expect(await auditOf(platform, action)).toEqual(told);
  },
);

test("a relay that is not there holds up neither the sign-out nor the stop of the API", async () => {
  await using platform = await TestApi.start();
  const { client } = await platform.withWorkspace();
  await platform.relay.stop();
  await client.api.auth.signOut.mutate();
  expect((await client.api.auth.state.query()).me).toBeNull();
});

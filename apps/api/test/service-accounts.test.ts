import { createHash } from "node:crypto";
import { once } from "node:events";
import type { ApiKeyId, OrgId, UserId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { createClient, type QuarterdeckClient } from "../src/client.ts";
import type { ServicePermission, ServiceRole } from "../src/auth/permissions.ts";
import { apiKeys, auditEntries, users } from "../src/db/schema.ts";
import { makeApiKey } from "../src/service-accounts/api-key.ts";
import type { PlaceId } from "../src/service-accounts/repo.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const bar = { timeout: 5000 };
const exec = { action: "exec", params: { program: "echo", args: [] } };

interface Made {
  readonly apiKey: string;
  readonly client: QuarterdeckClient;
  readonly api: QuarterdeckClient["api"];
  /** What names the account. */
  readonly account: { readonly serviceAccountId: UserId; readonly placeId: PlaceId };
  readonly key: Made["account"] & { readonly keyId: ApiKeyId };
}

async function make(
  platform: TestApi,
  { api }: Pick<Fixture, "api">,
  given: { placeId: PlaceId; role?: ServiceRole; permissions?: ServicePermission[]; name?: string },
): Promise<Made> {
  const { role = "developer", name = "deploys" } = given;
  const { account, apiKey } = await api.serviceAccounts.create.mutate({ ...given, role, name });
  const { serviceAccountId, placeId } = account;
  const keyId = account.keys[0]!.keyId;
  const client = platform.client(apiKey);
  const named = { serviceAccountId, placeId };
  return { apiKey, client, api: client.api, account: named, key: { ...named, keyId } };
}

const submit = (api: Fixture["api"], { workspaceId }: Pick<Fixture, "workspaceId">) =>
  api.tasks.submit.mutate({ taskId: newId("task"), workspaceId, projectId: null, ...exec });

const entriesOf = ({ api }: TestApi, action: string) =>
  api.database.db.select().from(auditEntries).where(eq(auditEntries.action, action));

test("a key of one workspace reaches that workspace, and nothing of another one [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { workspaceId, serverId } = fixture;
  const other = await fixture.api.workspaces.create.mutate({ name: "Other", serverId });
  const { api, account } = await make(platform, fixture, { placeId: workspaceId });
  expect((await api.workspaces.list.query()).map((workspace) => workspace.workspaceId)).toEqual([workspaceId]);
  expect((await refusalOf(api.workspaces.get.query({ workspaceId: other.workspaceId }))).code).toBe("NOT_FOUND");
  expect((await refusalOf(submit(api, other))).code).toBe("NOT_FOUND");
  const { taskId } = await submit(api, fixture);
  expect((await fixture.api.tasks.get.query({ taskId })).submittedBy).toBe("deploys");
  const submitted = await entriesOf(platform, "task.submit");
  const its = submitted.filter(({ actor }) => actor === account.serviceAccountId);
  expect(its.map(({ subject }) => subject)).toEqual([taskId]);
  await fixture.api.serviceAccounts.remove.mutate(account);
  expect((await fixture.api.tasks.get.query({ taskId })).submittedBy).toBe("deploys");
});

test("a service account is no member, and is among those who may", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId } = fixture;
  const { account } = await make(platform, fixture, { placeId: workspaceId, permissions: ["tasks.read"] });
  expect((await api.members.list.query({})).members.map(({ email }) => email)).toEqual(["ada@example.com"]);
  const role = api.members.setRole.mutate({ userId: account.serviceAccountId, role: "owner" });
  expect((await refusalOf(role)).code).toBe("NOT_FOUND");
  const whoMay = async (permission: "tasks.read" | "tasks.run") =>
    (await api.members.whoMay.query({ permission, placeId: workspaceId })).map(({ email }) => email);
  expect(await whoMay("tasks.read")).toEqual(["ada@example.com", "deploys"]);
  expect(await whoMay("tasks.run")).toEqual(["ada@example.com"]);
});

test("an account that is narrowed may nothing else, by no way [T1][T4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { workspaceId, serverId } = fixture;
  const permissions: ServicePermission[] = ["tasks.read", "tasks.submit", "servers.watch", "workspaces.read"];
  const narrowed = await make(platform, fixture, { placeId: workspaceId, role: "admin", permissions });
  const { runId, taskId } = await submit(fixture.api, fixture);
  expect((await narrowed.api.tasks.get.query({ taskId })).taskId).toBe(taskId);
  const inputRunIds = [runId];
  const refused = [
    () => submit(narrowed.api, fixture),
    () => narrowed.api.tasks.cancel.mutate({ taskId }),
    () => narrowed.api.workspaces.freeze.mutate({ workspaceId }),
    () => narrowed.api.servers.list.query(),
    () =>
      narrowed.api.servers.viewerTicket.mutate({
        serverId,
        telemetry: false,
        workspaceIds: [workspaceId],
        runIds: [],
      }),
    () => narrowed.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [], inputRunIds }),
    () => narrowed.api.orgs.current.query(),
  ];
  for (const call of refused) {
    const { code, message } = await refusalOf(call());
    expect(code).toBe("FORBIDDEN");
    expect(message).toMatch(/^(This service account is not given|You have no role there)/);
  }
  const { path } = await narrowed.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [runId] });
  expect(path).toBe(`/viewer/${serverId}`);
});

test("nobody makes an account, or a key of one, that may more than they may there [T4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const { orgId } = await api.orgs.current.query();
  const other = await api.workspaces.create.mutate({ name: "Other", serverId });
  const onOrg = await make(platform, fixture, { placeId: orgId, role: "admin" });
  const admin = await platform.memberOf(orgId, "viewer");
  const { userId } = (await admin.api.auth.state.query()).me!;
  await api.members.setGrant.mutate({ userId, placeId: workspaceId, role: "admin" });
  await api.members.setRole.mutate({ userId, role: null });
  const accounts = admin.api.serviceAccounts;
  const create = (placeId: PlaceId, role: ServiceRole = "viewer", expiresInDays: number | null = 1) =>
    accounts.create.mutate({ placeId, name: `for ${placeId}`, role, expiresInDays });
  expect((await refusalOf(create(orgId))).code).toBe("FORBIDDEN");
  expect((await refusalOf(create(other.workspaceId))).code).toBe("NOT_FOUND");
  expect((await refusalOf(create(workspaceId, "owner" as never))).code).toBe("BAD_REQUEST");
  expect((await refusalOf(create(workspaceId, "viewer", null))).code).toBe("FORBIDDEN");
  expect((await refusalOf(create(workspaceId, "viewer", 366))).code).toBe("BAD_REQUEST");
  const { account } = await create(workspaceId, "admin");
  // The place that one may manage does not open the account of another.
  const elsewhere = { serviceAccountId: onOrg.account.serviceAccountId, placeId: workspaceId };
  expect((await refusalOf(accounts.addKey.mutate(elsewhere))).code).toBe("NOT_FOUND");
  expect((await refusalOf(accounts.revokeKey.mutate({ ...onOrg.key, placeId: workspaceId }))).code).toBe("NOT_FOUND");
  const foreignKey = { serviceAccountId: account.serviceAccountId, placeId: workspaceId, keyId: onOrg.key.keyId };
  expect((await refusalOf(accounts.revokeKey.mutate(foreignKey))).code).toBe("NOT_FOUND");
  expect((await accounts.list.query()).map(({ name }) => name)).toEqual([`for ${workspaceId}`]);
  const { account: forEver } = await api.serviceAccounts.addKey.mutate({ ...onOrg.account, expiresInDays: null });
  expect(forEver.keys.filter(({ endsAtMs }) => endsAtMs === null)).toHaveLength(1);
});

test("a key makes no keys, changes no rights and has no account [T4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { orgId } = await fixture.api.orgs.current.query();
  const { api, account, key } = await make(platform, fixture, { placeId: orgId, role: "admin" });
  const { userId } = (await fixture.api.auth.state.query()).me!;
  const calls = [
    () => api.serviceAccounts.create.mutate({ placeId: orgId, name: "more", role: "viewer" }),
    () => api.serviceAccounts.list.query(),
    () => api.serviceAccounts.addKey.mutate(account),
    () => api.serviceAccounts.rotateKey.mutate(key),
    () => api.serviceAccounts.setRights.mutate({ ...account, role: "admin" }),
    () => api.members.setGrant.mutate({ userId, placeId: fixture.workspaceId, role: "viewer" }),
    () => api.members.setRole.mutate({ userId, role: null }),
    () => api.orgs.rename.mutate({ name: "Mine" }),
    () => api.auth.signIn.mutate({ email: "ada@example.com", password: "an orchard of plums" }),
    () => api.auth.signOut.mutate(),
  ];
  for (const call of calls) expect((await refusalOf(call())).code).toBe("FORBIDDEN");
  const signIn = platform.client().api.auth.signIn;
  const asUser = signIn.mutate({ email: account.serviceAccountId, password: "none" });
  expect((await refusalOf(asUser)).code).toBe("BAD_REQUEST");
});

const unlock = (platform: TestApi, apiKey: string) => refusalOf(platform.client(apiKey).api.workspaces.list.query());

test("whatever is wrong with a key, the answer is the same, and one entry is recorded for each [W5]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const placeId = fixture.workspaceId;
  const { db } = platform.api.database;
  const expired = await make(platform, fixture, { placeId, name: "expired" });
  await platform.api.runtime.writer.commit([
    sql`update ${apiKeys} set "endsAtMs" = ${Date.now()} where ${eq(apiKeys.keyId, expired.key.keyId)}`,
  ]);
  const revoked = await make(platform, fixture, { placeId, name: "revoked" });
  await fixture.api.serviceAccounts.revokeKey.mutate(revoked.key);
  const removed = await make(platform, fixture, { placeId, name: "removed" });
  await fixture.api.serviceAccounts.remove.mutate(removed.account);
  const mistyped = `${expired.apiKey.slice(0, -1)}${expired.apiKey.endsWith("a") ? "b" : "a"}`;
  const unknown = makeApiKey(new Uint8Array(32));
  const wrong = [expired, revoked, removed].map(({ apiKey }) => apiKey).concat([mistyped, unknown, "qd_"]);
  const answers = [];
  for (const apiKey of [...wrong, ...wrong]) answers.push(await unlock(platform, apiKey));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]?.code).toBe("UNAUTHENTICATED");
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.action, "apiKey.use"));
  expect(entries.map(({ actor, subject }) => `${actor} ${subject}`).sort()).toEqual(
    [
      "anonymous null",
      ...[expired, revoked, removed].map(({ account, key }) => `${account.serviceAccountId} ${key.keyId}`),
    ].sort(),
  );
});

test("a key counts in one place only: as a bearer token, and needs no Origin there [W5][T5]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { orgId } = await fixture.api.orgs.current.query();
  const { apiKey } = await make(platform, fixture, { placeId: orgId, role: "admin" });
  const list = (headers: Record<string, string>, query = "") =>
    fetch(`${platform.origin}/trpc/workspaces.list${query}`, { headers }).then(({ status }) => status);
  expect(await list({ authorization: `Bearer ${apiKey}` })).toBe(200);
  expect(await list({ authorization: `Basic ${apiKey}` })).toBe(401);
  expect(await list({ authorization: apiKey })).toBe(401);
  expect(await list({ cookie: `quarterdeck=${apiKey}` })).toBe(401);
  expect(await list({ "x-api-key": apiKey }, `?apiKey=${apiKey}&authorization=Bearer%20${apiKey}`)).toBe(401);
  // The owner's cookie adds nothing to a key.
  const cookie = `quarterdeck=${fixture.client.sessionToken()}`;
  const rename = await fetch(`${platform.origin}/trpc/orgs.rename`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}`, cookie },
    body: JSON.stringify({ name: "Mine" }),
  });
  expect(rename.status).toBe(403);
  const run = await fetch(`${platform.origin}/trpc/tasks.submit`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ taskId: newId("task"), workspaceId: fixture.workspaceId, projectId: null, ...exec }),
  });
  expect(run.status).toBe(200);
});

test("who tries keys is slowed down, and the right key from there still lets in [T7]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api } = await make(platform, fixture, { placeId: fixture.workspaceId });
  const codes = [];
  for (let guess = 0; guess < 40; guess++) {
    const random = createHash("sha256").update(String(guess)).digest();
    codes.push((await unlock(platform, makeApiKey(random))).code);
  }
  expect(codes[0]).toBe("UNAUTHENTICATED");
  expect(codes.at(-1)).toBe("RATE_LIMITED");
  expect(await api.workspaces.list.query()).toHaveLength(1);
  expect(await entriesOf(platform, "apiKey.use")).toHaveLength(1);
});

test("a key is shown once and stands in no table and no log [E1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { made, end } = await following(platform, fixture);
  const { apiKey, key, client } = made;
  const { apiKey: next } = await fixture.api.serviceAccounts.rotateKey.mutate({ ...key, overlapHours: 0 });
  await end;
  await unlock(platform, apiKey);
  await unlock(platform, `${next}x`);
  await client.close();
  const { db } = platform.api.database;
  const tables = await db.all<{ name: string }>(sql`select name from sqlite_master where type = 'table'`);
  const rows = await Promise.all(tables.map(({ name }) => db.all(sql`select * from ${sql.identifier(name)}`)));
  const kept = JSON.stringify([rows, platform.logLines, await fixture.api.serviceAccounts.list.query()]);
  for (const secret of [apiKey, next]) {
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(secret.slice(3, 40));
    expect(kept).toContain(createHash("sha256").update(secret).digest("base64url"));
  }
});

/** A socket with an open subscription, and the code that it will be closed with. */
async function follow(platform: TestApi, apiKey: string) {
  const headers = { authorization: `Bearer ${apiKey}` };
  const socket = new WebSocket(`${platform.origin.replace(/^http/, "ws")}/trpc`, { headers });
  const end = once(socket, "close").then(([code]) => code as number);
  await once(socket, "open");
  const params = { path: "events.changes", input: {} };
  socket.send(JSON.stringify({ id: 1, method: "subscription", params }));
  await once(socket, "message");
  return { end };
}

async function following(platform: TestApi, fixture: Fixture, orgPlace = false) {
  const { api, workspaceId, serverId } = fixture;
  const placeId: PlaceId = orgPlace ? (await api.orgs.current.query()).orgId : workspaceId;
  const made = await make(platform, fixture, { placeId });
  const { runId } = await submit(made.api, fixture);
  const { end } = await follow(platform, made.apiKey);
  await made.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [runId] });
  const told = platform.relay.revocations.length;
  const isTold = () =>
    expect
      .poll(() => platform.relay.revocations.slice(told), bar)
      .toEqual([{ serverId, userId: made.account.serviceAccountId }]);
  return { made, runId, end, isTold };
}

test("a key that is revoked lets nobody in from then on, and what it opened ends within five seconds [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { made, end, isTold } = await following(platform, fixture);
  await fixture.api.serviceAccounts.revokeKey.mutate(made.key);
  await isTold();
  expect(await end).toBe(4401);
  expect((await refusalOf(made.api.workspaces.list.query())).code).toBe("UNAUTHENTICATED");
  const entries = await entriesOf(platform, "apiKey.revoke");
  expect(entries.map(({ subject, detail }) => `${subject} ${detail}`)).toEqual([
    `${made.account.serviceAccountId} ${made.key.keyId}`,
  ]);
});

test("what a key opened ends within five seconds of the key's own end [W5]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { made, end, isTold } = await following(platform, fixture, true);
  const { keyId } = made.key;
  await platform.api.database.client.execute({
    sql: "update api_keys set endsAtMs = 1 where keyId = ?",
    args: [keyId],
  });
  await isTold();
  expect(await end).toBe(4401);
  expect((await entriesOf(platform, "apiKey.end")).map(({ actor }) => actor)).toEqual(["platform"]);
});

test("what a key opened ends within five seconds of its account's narrowing, and nothing is signed anew for it [T1][T2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { made, runId, end, isTold } = await following(platform, fixture);
  const { serverId } = fixture;
  const renew = async () =>
    (await platform.internal("/relay/renewals", { serverId, runIds: [runId] })).json() as Promise<
      Record<string, unknown[]>
    >;
  expect((await renew())["renewed"]).toMatchObject([{ runId }]);
  const permissions: ServicePermission[] = ["tasks.read", "workspaces.read"];
  await fixture.api.serviceAccounts.setRights.mutate({ ...made.account, role: "developer", permissions });
  await isTold();
  expect(await end).toBe(1012);
  expect((await renew())["refused"]).toMatchObject([{ runId, code: "FORBIDDEN" }]);
  expect(await made.api.workspaces.list.query()).toHaveLength(1);
  expect((await refusalOf(submit(made.api, fixture))).code).toBe("FORBIDDEN");
});

test("narrowing behind the platform's back is noticed within five seconds [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { end, isTold } = await following(platform, fixture);
  await platform.api.database.client.execute(`update service_accounts set permissions = '["tasks.read"]'`);
  await isTold();
  expect(await end).toBe(1012);
});

test("an account that is removed takes its keys with it", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { made, end, isTold } = await following(platform, fixture);
  await fixture.api.serviceAccounts.remove.mutate(made.account);
  await isTold();
  expect(await end).toBe(4401);
  expect((await refusalOf(made.api.workspaces.list.query())).code).toBe("UNAUTHENTICATED");
  expect(await fixture.api.serviceAccounts.list.query()).toEqual([]);
  const { client } = platform.api.database;
  expect((await client.execute("select * from grants")).rows).toEqual([]);
  await make(platform, fixture, { placeId: fixture.workspaceId }); // Its name is free again.
});

test("a key and the one after it work side by side until the first one ends, and there are no more than two", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const made = await make(platform, fixture, { placeId: fixture.workspaceId });
  const { rotateKey, addKey } = fixture.api.serviceAccounts;
  const beforeMs = Date.now();
  const { apiKey, account } = await rotateKey.mutate(made.key);
  const [next, old] = account.keys;
  expect(old?.keyId).toBe(made.key.keyId);
  expect(old?.endsAtMs).toBeGreaterThanOrEqual(beforeMs + 24 * 3_600_000);
  expect(old?.endsAtMs).toBeLessThanOrEqual(Date.now() + 24 * 3_600_000);
  expect(next).toMatchObject({ isLive: true, hint: apiKey.slice(-4), lastUsedAtMs: null });
  for (const key of [made.apiKey, apiKey])
    expect(await platform.client(key).api.workspaces.list.query()).toHaveLength(1);
  expect((await refusalOf(addKey.mutate(made.account))).code).toBe("CONFLICT");
  expect((await refusalOf(rotateKey.mutate(made.key))).code).toBe("CONFLICT");
  const third = await rotateKey.mutate({ ...made.key, overlapHours: 0 });
  expect(third.account.keys.map(({ isLive }) => isLive)).toEqual([true, true, false]);
  expect((await unlock(platform, made.apiKey)).code).toBe("UNAUTHENTICATED");
  // A key that has ended has none after it.
  expect((await refusalOf(rotateKey.mutate({ ...made.key, overlapHours: 0 }))).code).toBe("CONFLICT");
});

test("of keys that are made at the same time no more than two are", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const made = await make(platform, fixture, { placeId: fixture.workspaceId });
  const { addKey, list } = fixture.api.serviceAccounts;
  const all = await Promise.allSettled(Array.from({ length: 5 }, () => addKey.mutate(made.account)));
  expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect((await list.query())[0]?.keys).toHaveLength(2);
  expect(await entriesOf(platform, "apiKey.create")).toHaveLength(1);
});

test("the last use of a key is known, and is not written for each request", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api } = await make(platform, fixture, { placeId: fixture.workspaceId });
  const lastUse = async () => (await fixture.api.serviceAccounts.list.query())[0]?.keys[0]?.lastUsedAtMs ?? null;
  expect(await lastUse()).toBeNull();
  await api.workspaces.list.query();
  await expect.poll(lastUse, bar).not.toBeNull();
  const first = await lastUse();
  for (const _ of ["again", "and again"]) await api.workspaces.list.query();
  await platform.api.runtime.writer.commit([sql`delete from ${users} where false`]); // Behind what was queued before it.
  expect(await lastUse()).toBe(first);
  const earlierMs = (first ?? 0) - 6 * 60_000;
  await platform.api.runtime.writer.commit([sql`update ${apiKeys} set "lastUsedAtMs" = ${earlierMs}`]);
  await api.workspaces.list.query();
  await expect.poll(lastUse, bar).toBeGreaterThan(earlierMs);
});

test("a client with a key signs in by itself, also for subscriptions, and keeps no cookie", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { apiKey } = await make(platform, fixture, { placeId: fixture.workspaceId });
  const client = createClient({ url: platform.origin, apiKey });
  const seen: string[] = [];
  client.api.events.changes.subscribe({}, { onData: ({ data }) => seen.push(data.id) });
  await expect.poll(() => seen.length, bar).toBeGreaterThan(0);
  expect((await client.api.workspaces.list.query())[0]?.workspaceId).toBe(fixture.workspaceId);
  expect(client.sessionToken()).toBeNull();
  await client.close();
});

test("an org has at most a hundred service accounts, and each has its own name", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { orgId } = await fixture.api.orgs.current.query();
  await make(platform, fixture, { placeId: orgId });
  const again = fixture.api.serviceAccounts.create.mutate({ placeId: orgId, name: "deploys", role: "viewer" });
  expect((await refusalOf(again)).code).toBe("CONFLICT");
  expect(await countOf(platform, orgId)).toBe(1);
});

async function countOf({ api }: TestApi, orgId: OrgId): Promise<number> {
  const { rows } = await api.database.client.execute({
    sql: "select count(*) as n from members where orgId = ? and userId in (select userId from service_accounts)",
    args: [orgId],
  });
  return Number(rows[0]?.["n"]);
}

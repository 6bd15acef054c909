import type { OrgId } from "@quarterdeck/core/ids";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { readCaller } from "../src/auth/repo.ts";
import { transferOwnership } from "../src/orgs/service.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { auditEntries, authSessions, members } from "../src/db/schema.ts";
import { refusalOf, TestApi } from "./test-api.ts";

const orgIdOf = async ({ api }: QuarterdeckClient) => (await api.orgs.current.query()).orgId;
const userIdOf = async ({ api }: QuarterdeckClient) => (await api.auth.state.query()).me!.userId;

async function auditOf({ api }: TestApi, orgId: OrgId) {
  const rows = await api.database.db.select().from(auditEntries).where(eq(auditEntries.orgId, orgId));
  return rows.map(({ action }) => action);
}

/** A call as the console makes it, which says in which org it believes to be. */
async function callIn(platform: TestApi, client: QuarterdeckClient, [orgId, path, input]: [OrgId, string, unknown]) {
  const headers = {
    authorization: `Bearer ${client.sessionToken()}`,
    "content-type": "application/json",
    "x-quarterdeck-org": orgId,
  };
  const answer = await fetch(`${platform.origin}/trpc/${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(input),
  });
  const body = (await answer.json()) as { error?: { data: { code: string } } };
  return body.error?.data.code ?? "done";
}

test("an account makes another org, works in it, and goes back; nothing of one is seen in the other [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, client, serverId } = fixture;
  const first = await orgIdOf(client);
  const { orgId: second } = await api.orgs.create.mutate({ name: "Second" });
  expect(await api.orgs.current.query()).toMatchObject({ orgId: second, name: "Second", role: "owner" });
  expect(await api.servers.list.query()).toEqual([]);
  expect((await refusalOf(api.servers.get.query({ serverId }))).code).toBe("NOT_FOUND");
  const { orgs } = await api.orgs.list.query();
  expect(orgs.map(({ name, isActive }) => [name, isActive])).toEqual([
    ["Orchard", false],
    ["Second", true],
  ]);
  await api.orgs.switch.mutate({ orgId: first });
  expect((await api.servers.list.query()).map((server) => server.serverId)).toEqual([serverId]);
  expect(await auditOf(platform, second)).toContain("org.create");
});

test("the org belongs to the session: another session of the same account stays where it is", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { runtime } = platform.api;
  const userId = await userIdOf(client);
  const other = platform.client((await runtime.sessions.create({ userId, nowMs: Date.now(), address: "::1" })).token);
  const first = await orgIdOf(client);
  const { orgId } = await client.api.orgs.create.mutate({ name: "Second" });
  expect(await orgIdOf(client)).toBe(orgId);
  expect(await orgIdOf(other)).toBe(first);
});

test("an org that one is not in cannot be switched to, and one that one was removed from is left [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const outsider = await platform.outsider();
  const foreign = await orgIdOf(outsider);
  const own = await orgIdOf(client);
  expect((await refusalOf(client.api.orgs.switch.mutate({ orgId: foreign }))).code).toBe("NOT_FOUND");
  expect(await orgIdOf(client)).toBe(own);
  // Rows that the operator changed: the session still names an org that its user is not in.
  await platform.api.runtime.writer.commit([sql`update ${authSessions} set "activeOrgId" = ${foreign}`]);
  expect(await orgIdOf(client)).toBe(own);
});

test("a switch ends the session's sockets, so that they come back in the other org; those of other sessions stay [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const first = await orgIdOf(client);
  const { orgId: second } = await client.api.orgs.create.mutate({ name: "Second" });
  const token = client.sessionToken() ?? "";
  const seen: string[] = [];
  const following = Promise.withResolvers<void>();
  const back = Promise.withResolvers<void>();
  const follower = platform.client(token);
  let starts = 0;
  const subscription = follower.api.events.changes.subscribe(
    {},
    {
      onStarted: () => (++starts === 1 ? following.resolve() : undefined),
      onData: ({ data }) => {
        if (data.kind !== "org") return;
        seen.push(data.id);
        if (data.id === first) back.resolve();
      },
    },
  );
  await following.promise;
  await client.api.orgs.switch.mutate({ orgId: first });
  await client.api.orgs.rename.mutate({ name: "Seen from the socket" });
  await back.promise;
  subscription.unsubscribe();
  expect(seen[0]).toBe(second);
  expect(seen.at(-1)).toBe(first);
});

test("a page that still shows one org changes nothing in the one that the session was switched to elsewhere [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const first = await orgIdOf(client);
  const { orgId: second } = await client.api.orgs.create.mutate({ name: "Second" });
  expect(await callIn(platform, client, [first, "orgs.rename", { name: "Meant for the first" }])).toBe("ORG_CHANGED");
  expect((await client.api.orgs.current.query()).name).toBe("Second");
  expect(await callIn(platform, client, [second, "orgs.rename", { name: "Meant for this one" }])).toBe("done");
  expect(await callIn(platform, client, [first, "orgs.switch", { orgId: first }])).toBe("done");
});

test("an account owns as many orgs as it may, however fast it asks, and is told what to do [T4] [E3]", async () => {
  await using platform = await TestApi.start({ QUARTERDECK_ORGS_PER_ACCOUNT: "4" });
  const { api } = await platform.signedUp();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, index) => api.orgs.create.mutate({ name: `Org ${index}` })),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
  const refusal = await refusalOf(api.orgs.create.mutate({ name: "One more" }));
  expect(refusal.code).toBe("QUOTA_EXCEEDED");
  expect(refusal.message).toContain("4 organizations");
  expect((await api.orgs.list.query()).mayCreate).toBe(false);
});

test("an owner hands the org to another member and becomes an admin; both know at once, and it is recorded [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, client, serverId } = fixture;
  const orgId = await orgIdOf(client);
  const heir = await platform.memberOf(orgId, "viewer");
  const [owner, heirId] = [await userIdOf(client), await userIdOf(heir)];
  await api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  expect((await api.orgs.successors.query()).map(({ userId }) => userId)).toEqual([heirId]);
  expect((await api.orgs.transfer.mutate({ userId: heirId })).role).toBe("admin");
  expect((await heir.api.orgs.current.query()).role).toBe("owner");
  expect((await api.orgs.current.query()).role).toBe("admin");
  await expect.poll(() => platform.relay.revocations, { timeout: 5000 }).toEqual([{ serverId, userId: owner }]);
  expect((await refusalOf(api.orgs.transfer.mutate({ userId: heirId }))).code).toBe("FORBIDDEN");
  expect(await auditOf(platform, orgId)).toContain("org.transfer");
});

test("an org is handed over to nobody who is not in it, nor to oneself, and by none but an owner [T1] [T4]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const orgId = await orgIdOf(client);
  const outsider = await userIdOf(await platform.outsider());
  const self = await userIdOf(client);
  for (const userId of [outsider, self]) {
    expect((await refusalOf(client.api.orgs.transfer.mutate({ userId }))).code).toBe("NOT_FOUND");
  }
  const admin = await platform.memberOf(orgId, "admin");
  const adminId = await userIdOf(admin);
  expect((await refusalOf(admin.api.orgs.transfer.mutate({ userId: adminId }))).code).toBe("FORBIDDEN");
  // An owner who was lowered between the check and the write hands over nothing either.
  const caller = (await readCaller(platform.api.runtime.db, adminId, null))!;
  const stale = {
    ...caller,
    role: "owner" as const,
    rolesHere: ["owner" as const],
    address: "::1",
    sessionToken: "",
    sinceAuthMs: 0,
  };
  await expect(transferOwnership(platform.api.runtime, stale, self)).rejects.toMatchObject({ code: "NOT_FOUND" });
  const rows = await platform.api.database.db.select().from(members).where(eq(members.orgId, orgId));
  expect(rows.map(({ role }) => role).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
    "admin",
    "owner",
  ]);
});

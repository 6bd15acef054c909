import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { refusalOf, TestApi } from "./test-api.ts";

// An account that is in no org: it can sign in, keep itself, and get into an org again, and nothing else.

const guest = { email: "grace@example.com", password: "a barge of quiet lanterns" };
const tokenOf = (link: string) => link.split("#token=")[1] ?? "";

/** Somebody who joined the org of an owner and was removed from it, which was their last. */
async function start() {
  const platform = await TestApi.start();
  const owner = await platform.withWorkspace();
  const { link } = await owner.api.invitations.create.mutate({ email: guest.email, role: "developer" });
  const member = platform.client();
  const { account } = await member.api.invitations.acceptAsNew.mutate({
    token: tokenOf(link),
    password: guest.password,
  });
  await owner.api.members.remove.mutate({ userId: account.userId });
  return { platform, owner, member, account };
}

test("who was removed from the last org signs in, is in none, and sees nothing of the old one [T1]", async () => {
  const { platform, owner, member, account } = await start();
  await using _ = platform;
  const client = platform.client();
  expect(await client.api.auth.signIn.mutate(guest)).toEqual({ step: "done", account, me: null });
  const { serverId, workspaceId } = owner;
  // The session of before, which nobody ended, and a new one.
  for (const { api, sessionToken } of [member, client]) {
    expect(await api.auth.state.query()).toEqual({ needsSetup: false, account, me: null });
    for (const call of [
      api.orgs.current.query(),
      api.members.list.query({}),
      api.servers.list.query(),
      api.servers.get.query({ serverId }),
      api.workspaces.get.query({ workspaceId }),
      api.workspaces.create.mutate({ name: "Mine", serverId }),
      api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] }),
    ])
      expect((await refusalOf(call)).code).toBe("NO_ORG");
    const { orgId } = await owner.api.orgs.current.query();
    expect((await refusalOf(api.orgs.switch.mutate({ orgId }))).code).toBe("NOT_FOUND");
    const headers = { authorization: `Bearer ${sessionToken()}` };
    const exported = await fetch(`${platform.origin}/export/organization.ndjson`, { headers });
    expect([exported.status, await exported.text()]).toEqual([403, expect.stringContaining("NO_ORG")]);
    expect((await api.orgs.list.query()).orgs).toEqual([]);
  }
});

test("an account in no org keeps itself: its sessions, its password, signing out", async () => {
  const { platform, member, account } = await start();
  await using _ = platform;
  const client = platform.client();
  await client.api.auth.signIn.mutate(guest);
  expect((await client.api.account.get.query()).email).toBe(guest.email);
  expect(await client.api.account.sessions.query()).toHaveLength(2);
  await client.api.account.revokeOtherSessions.mutate();
  expect((await member.api.auth.state.query()).account).toBeNull();
  await client.api.account.stepUp.mutate({ kind: "password", password: guest.password });
  expect((await client.api.auth.state.query()).account).toEqual(account);
  await client.api.auth.signOut.mutate();
  expect((await client.api.auth.state.query()).account).toBeNull();
  const rows = await platform.api.database.db.select().from(auditEntries).where(eq(auditEntries.actor, account.userId));
  const alone = rows.filter(({ orgId }) => orgId === null).map(({ action }) => action);
  expect(alone).toEqual(["session.create", "session.revokeOthers", "session.stepUp", "session.end"]);
});

test("who was removed accepts a new invitation for the same address, and works in that org at once", async () => {
  const { platform, owner } = await start();
  await using _ = platform;
  const { link } = await owner.api.invitations.create.mutate({ email: guest.email, role: "viewer" });
  const token = tokenOf(link);
  const asNew = platform.client().api.invitations.acceptAsNew.mutate({ token, password: guest.password });
  expect((await refusalOf(asNew)).code).toBe("CONFLICT");
  const client = platform.client();
  await client.api.auth.signIn.mutate(guest);
  await client.api.invitations.accept.mutate({ token });
  expect((await client.api.auth.state.query()).me).toMatchObject({ orgName: "Orchard", role: "viewer" });
  expect(await client.api.servers.list.query()).toHaveLength(1);
});

test("an account in no org makes one of its own, which has nothing of the old one", async () => {
  const { platform } = await start();
  await using _ = platform;
  const client = platform.client();
  await client.api.auth.signIn.mutate(guest);
  await client.api.orgs.create.mutate({ name: "Harbour" });
  expect((await client.api.auth.state.query()).me).toMatchObject({ orgName: "Harbour", role: "owner" });
  expect(await client.api.servers.list.query()).toEqual([]);
});

import type { Clock } from "@quarterdeck/core/clock";
import { expect, test } from "vitest";
import { knownForMs } from "../src/auth/known-callers.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { newId, owner, refusalOf, TestApi } from "./test-api.ts";

/** No time passes by itself, so that nothing is asked again because it is old. */
class StandingClock implements Clock {
  #passedMs = 0;

  nowMs(): number {
    return Date.now() + this.#passedMs;
  }

  monotonicMs(): number {
    return this.#passedMs;
  }

  pass(ms: number): void {
    this.#passedMs += ms;
  }
}

/** What somebody's reads are answered with, or the code that refuses them. */
async function see({ api }: QuarterdeckClient) {
  const org = await api.orgs.current.query().catch(async () => (await refusalOf(api.orgs.current.query())).code);
  const workspaces = await api.workspaces.list
    .query()
    .then(({ length }) => length)
    .catch(() => 0);
  const plan = await api.rates.current
    .query()
    .then((rates) => rates.plan)
    .catch(() => null);
  return { me: (await api.auth.state.query()).me, org, workspaces, plan };
}

test("what this process changes of somebody is seen by the next read, whatever was known of them [T1][T5]", async () => {
  await using platform = await TestApi.start({}, new StandingClock());
  const { client: ada, workspaceId } = await platform.withWorkspace();
  const { orgId } = await ada.api.orgs.current.query();
  const bob = await platform.memberOf(orgId, "developer");
  const { userId } = (await bob.api.auth.state.query()).me!;
  const adaId = (await ada.api.auth.state.query()).me!.userId;
  const place = { userId, placeId: workspaceId };
  const steps: readonly (readonly [what: string, change: () => Promise<unknown>, seen: object])[] = [
    ["role", () => ada.api.members.setRole.mutate({ userId, role: "viewer" }), { me: { role: "viewer" } }],
    ["name", () => ada.api.orgs.rename.mutate({ name: "Grove" }), { me: { orgName: "Grove" }, org: { name: "Grove" } }],
    ["plan", () => ada.api.operator.setPlan.mutate({ orgId, plan: "premium" }), { plan: "premium" }],
    ["grant", () => ada.api.members.setGrant.mutate({ ...place, role: "developer" }), { workspaces: 1 }],
    ["no role", () => ada.api.members.setRole.mutate({ userId, role: null }), { me: { role: null }, workspaces: 1 }],
    ["no grant", () => ada.api.members.removeGrant.mutate(place), { org: "FORBIDDEN", workspaces: 0 }],
    ["role again", () => ada.api.members.setRole.mutate({ userId, role: "admin" }), { org: { role: "admin" } }],
    ["owner", () => ada.api.orgs.transfer.mutate({ userId }), { org: { role: "owner" } }],
    ["no owner", () => bob.api.orgs.transfer.mutate({ userId: adaId }), { org: { role: "admin" } }],
    [
      "deletion",
      () => ada.api.orgs.requestDeletion.mutate({ name: "Grove" }),
      { org: { deleteAtMs: expect.any(Number) as number } },
    ],
    ["no deletion", () => ada.api.orgs.cancelDeletion.mutate(), { org: { deleteAtMs: null } }],
    ["own org", () => bob.api.orgs.create.mutate({ name: "Hill" }), { me: { orgName: "Hill" }, workspaces: 0 }],
    ["other org", () => bob.api.orgs.switch.mutate({ orgId }), { me: { orgId }, workspaces: 1 }],
    ["removal", () => ada.api.members.remove.mutate({ userId }), { me: { orgName: "Hill" }, workspaces: 0 }],
    ["sign-out", () => platform.client(bob.sessionToken() ?? undefined).api.auth.signOut.mutate(), { me: null }],
  ];
  for (const [what, change, seen] of steps) {
    await see(bob);
    await change();
    expect({ what, ...(await see(bob)) }).toMatchObject({ what, ...seen });
  }
  await see(ada);
  await ada.api.orgs.setAddresses.mutate({ addresses: ["203.0.113.0/24"], shutsMeOut: true });
  expect(await see(ada)).toMatchObject({ org: "ADDRESS_REFUSED" });
});

test("a session that this process ends or gives a new token lets nobody read any more, at once [T5]", async () => {
  await using platform = await TestApi.start({}, new StandingClock());
  const ada = await platform.signedUp();
  const another = async () => {
    const client = platform.client();
    await client.api.auth.signIn.mutate(owner);
    await see(client);
    return client;
  };
  const isIn = async (client: QuarterdeckClient) =>
    (await see(platform.client(client.sessionToken() ?? undefined))).me !== null;

  const revoked = await another();
  const { signInId } = (await ada.api.account.sessions.query()).find(({ isCurrent }) => !isCurrent)!;
  expect(await isIn(revoked)).toBe(true);
  await ada.api.account.revokeSession.mutate({ signInId });
  expect(await isIn(revoked)).toBe(false);

  const other = await another();
  await ada.api.account.revokeOtherSessions.mutate();
  expect(await isIn(other)).toBe(false);

  const ended = await another();
  const old = platform.client(ada.sessionToken() ?? undefined);
  expect(await isIn(old)).toBe(true);
  await ada.api.account.changePassword.mutate({ current: owner.password, password: "seven quiet brown lanterns" });
  expect([await isIn(ended), await isIn(old), await isIn(ada)]).toEqual([false, false, true]);
});

test("what changed behind this process's back is seen after two seconds, and at once by what changes something [T1]", async () => {
  const clock = new StandingClock();
  await using platform = await TestApi.start({}, clock);
  const { client: ada, workspaceId } = await platform.withWorkspace();
  const bob = await platform.memberOf((await ada.api.orgs.current.query()).orgId, "developer");
  const behind = (statement: string) => platform.api.database.client.batch([statement], "write");
  const run = { workspaceId, projectId: null, action: "exec", params: { program: "echo", args: [] } };
  const submit = () => bob.api.tasks.submit.mutate({ taskId: newId("task"), ...run });
  const role = async () => (await see(bob)).me?.role;
  expect(knownForMs).toBeLessThan(5_000);

  expect(await role()).toBe("developer");
  await behind("update members set role = 'viewer' where role = 'developer'");
  expect(await role()).toBe("developer"); // Which shows that it was known.
  clock.pass(knownForMs);
  expect(await role()).toBe("viewer");

  await behind("update members set role = 'developer' where role = 'viewer'");
  await submit();
  expect(await role()).toBe("developer");
  await behind("update members set role = 'viewer' where role = 'developer'");
  expect((await refusalOf(submit())).code).toBe("FORBIDDEN");

  await behind(`delete from auth_sessions where "userId" in (select "userId" from members where role = 'viewer')`);
  expect(await role()).toBe("viewer");
  clock.pass(knownForMs);
  expect((await see(bob)).me).toBeNull();
});

test("a sign-in that another process ended is known no longer than its next mutation [T5]", async () => {
  await using platform = await TestApi.start({}, new StandingClock());
  const ada = await platform.signedUp();
  await see(ada);
  await platform.api.database.client.batch(["delete from auth_sessions"], "write");
  expect((await see(ada)).me).not.toBeNull();
  expect((await refusalOf(ada.api.orgs.rename.mutate({ name: "Grove" }))).code).toBe("UNAUTHENTICATED");
  expect((await see(ada)).me).toBeNull();
});

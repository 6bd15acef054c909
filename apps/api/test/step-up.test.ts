import { minuteMs } from "@quarterdeck/core/units";
import type { AnyProcedure } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appRouter } from "../src/app-router.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import type { Declaration } from "../src/trpc.ts";
import { SteppableClock } from "./steppable-clock.ts";
import { dump } from "./tenancy/matrix.ts";
import { owner, refusalOf, TestApi } from "./test-api.ts";

// What is dangerous asks for a proof of the last ten minutes that it is still the same person.

type Call = (client: QuarterdeckClient["api"]) => Promise<unknown>;

const guest = { email: "grace@example.com", password: "a barge of quiet lanterns" };
const slice = { limits: { cpu: 1000, memory: 2 ** 30, disk: 2 ** 33, runs: 2 }, weight: 3 };
const clock = new SteppableClock();
let world: Awaited<ReturnType<typeof start>>;

/** An org with a server, a workspace and a member, and a share that it is offered; the proof of its owner is old. */
async function start() {
  const platform = await TestApi.start({}, clock);
  const { client, api, serverId, workspaceId } = await platform.withWorkspace();
  const { link } = await api.invitations.create.mutate({ email: guest.email, role: "viewer" });
  const member = platform.client();
  const token = link.split("#token=")[1] ?? "";
  const { account } = await member.api.invitations.acceptAsNew.mutate({ token, password: guest.password });
  const { orgId } = await api.orgs.current.query();
  const host = await platform.outsider();
  const theirs = await platform.connectServer(host);
  const { code } = await host.api.sharing.offer.mutate({ serverId: theirs.serverId, label: "Hall", ...slice });
  clock.pass(10 * minuteMs);
  const { userId } = account;
  const calls: Record<string, Call> = {
    "audit.setRetention": (as) => as.audit.setRetention.mutate({ keptDays: 90 }),
    "members.setGrant": (as) => as.members.setGrant.mutate({ userId, placeId: workspaceId, role: "admin" }),
    "members.setRole": (as) => as.members.setRole.mutate({ userId, role: "admin" }),
    "members.remove": (as) => as.members.remove.mutate({ userId }),
    "operator.changeKeys": (as) => as.operator.changeKeys.mutate({ change: "rotate", fromVersion: 1, isForced: false }),
    "operator.pendingLinks": (as) => as.operator.pendingLinks.query(),
    "operator.setPlan": (as) => as.operator.setPlan.mutate({ orgId, plan: "basic" }),
    "operator.setSignUp": (as) => as.operator.setSignUp.mutate({ isOpen: true }),
    "orgs.requestDeletion": (as) => as.orgs.requestDeletion.mutate({ name: "Orchard" }),
    "orgs.setAddresses": (as) => as.orgs.setAddresses.mutate({ addresses: ["127.0.0.0/8", "::1/128"] }),
    "orgs.setMfaRequired": (as) => as.orgs.setMfaRequired.mutate({ isRequired: false }),
    "orgs.transfer": (as) => as.orgs.transfer.mutate({ userId }),
    "servers.revoke": (as) => as.servers.revoke.mutate({ serverId }),
    "sharing.accept": (as) => as.sharing.accept.mutate({ code, name: "Their box" }),
    "sharing.offer": (as) => as.sharing.offer.mutate({ serverId, label: "Hall", ...slice }),
  };
  return { platform, client, member, calls };
}

beforeAll(async () => {
  world = await start();
});

afterAll(() => world.platform[Symbol.asyncDispose]());

test("the dangerous procedures are those of this table", () => {
  const declared = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>)
    .filter(([, made]) => {
      const declaration = made._def.meta as Declaration;
      return "needsRecentAuth" in declaration && declaration.needsRecentAuth === true;
    })
    .map(([path]) => path);
  expect(declared.sort()).toEqual(Object.keys(world.calls).sort());
});

test("with an old proof each of them is refused and changes nothing, and others go on [T5]", async () => {
  const { client, calls } = world;
  // That it is used is written now and then, and not again for some minutes.
  const sinceUse = async () => clock.nowMs() - ((await client.api.account.sessions.query())[0]?.lastUsedAtMs ?? 0);
  await expect.poll(sinceUse, { timeout: 10_000 }).toBeLessThan(minuteMs);
  const before = await dump(world);
  const { version } = await client.api.operator.keys.query();
  for (const [path, call] of Object.entries(calls)) {
    expect([path, (await refusalOf(call(client.api))).code]).toEqual([path, "STEP_UP_REQUIRED"]);
  }
  expect(await dump(world)).toEqual(before);
  expect((await client.api.operator.keys.query()).version).toBe(version);
  expect((await client.api.orgs.rename.mutate({ name: "Orchard" })).name).toBe("Orchard");
  expect((await client.api.operator.settings.query()).isSignUpOpen).toBe(false);
});

test("who may not do them at all is told that, and asked for no proof", async () => {
  const { member, calls } = world;
  for (const [path, call] of Object.entries(calls)) {
    expect([path, (await refusalOf(call(member.api))).code]).toEqual([path, "FORBIDDEN"]);
  }
});

test("with a proof of just now none of them asks for one", async () => {
  const { client, calls } = world;
  await client.api.account.stepUp.mutate({ kind: "password", password: owner.password });
  // Each as things are: what comes first may have changed what a later one meets.
  for (const [path, call] of Object.entries(calls)) {
    const code = await call(client.api).then(
      () => "done",
      async (error: unknown) => (await refusalOf(Promise.reject(error))).code,
    );
    expect([path, code]).not.toEqual([path, "STEP_UP_REQUIRED"]);
  }
});

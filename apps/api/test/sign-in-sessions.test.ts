import { dayMs, minuteMs } from "@quarterdeck/core/units";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { attemptRules } from "../src/auth/attempt-rules.ts";
import { knownDeviceCookie, knownDeviceOf, readDeviceCookie } from "../src/auth/known-device.ts";
import { countAttempt } from "../src/auth/throttle.ts";
import { auditEntries, authSessions } from "../src/db/schema.ts";
import { SoftAuthenticator } from "./soft-authenticator.ts";
import { SteppableClock } from "./steppable-clock.ts";
import { owner, refusalOf, TestApi } from "./test-api.ts";

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

async function signInAs(platform: TestApi, userAgent: string): Promise<string> {
  const response = await fetch(`${platform.origin}/trpc/auth.signIn`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": userAgent },
    body: JSON.stringify(owner),
  });
  return /quarterdeck=([^;]+)/.exec(response.headers.getSetCookie()[0] ?? "")?.[1] ?? "";
}

test("sessions are listed with device and address, and each can be ended", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const token = await signInAs(platform, chrome);
  const sessions = await client.api.account.sessions.query();
  expect(sessions).toHaveLength(2);
  const other = sessions.find(({ isCurrent }) => !isCurrent);
  expect(other).toMatchObject({
    browser: "Chrome 156",
    system: "Linux",
    address: expect.stringMatching(/127\.0\.0\.1|::1/) as string,
  });
  expect(JSON.stringify(sessions)).not.toContain(token);
  await client.api.account.revokeSession.mutate({ signInId: other!.signInId });
  expect((await platform.client(token).api.auth.state.query()).me).toBeNull();
  expect((await client.api.auth.state.query()).me).not.toBeNull();
});

test("nobody ends another account's session [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const outsider = await platform.outsider();
  const [session] = await client.api.account.sessions.query();
  const refusal = await refusalOf(outsider.api.account.revokeSession.mutate({ signInId: session!.signInId }));
  expect(refusal.code).toBe("NOT_FOUND");
  expect(await outsider.api.account.revokeOtherSessions.mutate()).toEqual({ ended: 0 });
  expect(await client.api.account.sessions.query()).toHaveLength(1);
});

test("ending all others leaves this one, and their servers hear that their viewers end", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { serverId } = await platform.connectServer(client);
  const tokens = [await signInAs(platform, chrome), await signInAs(platform, "")];
  expect(await client.api.account.revokeOtherSessions.mutate()).toEqual({ ended: 2 });
  for (const token of tokens) expect((await platform.client(token).api.auth.state.query()).me).toBeNull();
  expect(await client.api.account.sessions.query()).toHaveLength(1);
  await platform.relay.until(() => platform.relay.revocations.some((told) => told.serverId === serverId));
  const entries = await platform.api.database.db
    .select()
    .from(auditEntries)
    .where(eq(auditEntries.action, "session.revokeOthers"));
  expect(entries).toHaveLength(1);
});

test("a new password ends the other sessions and gives this one a new id [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const other = await signInAs(platform, chrome);
  const before = client.sessionToken() ?? "";
  const password = "seven quiet brown lanterns";
  const change = (current: string | null) => client.api.account.changePassword.mutate({ current, password });
  expect((await refusalOf(change(null))).code).toBe("WRONG_CREDENTIALS");
  expect((await refusalOf(change("not this one at all"))).code).toBe("WRONG_CREDENTIALS");
  await change(owner.password);
  for (const token of [other, before]) expect((await platform.client(token).api.auth.state.query()).me).toBeNull();
  expect((await client.api.auth.state.query()).me?.email).toBe(owner.email);
  await client.api.auth.signIn.mutate({ ...owner, password });
});

test("a session ends when it is not used, and after a time however it is used [T5]", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  const client = await platform.signedUp();
  const { db } = platform.api.database;
  const lastUse = async () => (await db.select().from(authSessions))[0]?.lastUsedAtMs;
  const first = await lastUse();
  await client.api.orgs.current.query();
  expect(await lastUse()).toBe(first); // Not with each request.
  clock.pass(5 * minuteMs);
  await client.api.orgs.current.query();
  await platform.api.runtime.writer.commit([]); // What can wait goes with the next unit.
  expect(await lastUse()).toBeGreaterThan(first ?? 0);
  clock.pass(90 * dayMs);
  expect((await client.api.auth.state.query()).me).toBeNull();
  expect(await client.api.auth.signIn.mutate(owner)).toMatchObject({ step: "done" });
});

test("a session that nobody used ends, and one that is used all the time ends too [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { writer } = platform.api.runtime;
  const set = (column: "expiresAtMs" | "createdAtMs", atMs: number) =>
    writer.commit([sql`update ${authSessions} set ${sql.identifier(column)} = ${atMs}`]);
  const [fresh] = await platform.api.database.db.select().from(authSessions);
  expect(fresh!.expiresAtMs - fresh!.createdAtMs).toBeLessThanOrEqual(14 * dayMs + minuteMs);
  await set("createdAtMs", Date.now() - 90 * dayMs + minuteMs);
  expect((await client.api.auth.state.query()).me).not.toBeNull();
  await set("createdAtMs", Date.now() - 90 * dayMs);
  expect((await client.api.auth.state.query()).me).toBeNull();
  await client.api.auth.signIn.mutate(owner);
  await set("expiresAtMs", Date.now());
  expect((await client.api.auth.state.query()).me).toBeNull();
});

test("a session's token is made anew with 200 bits each time, and signing out ends it for whoever kept it [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const tokens: string[] = [];
  for (let i = 0; i < 3; i++) {
    await client.api.auth.signIn.mutate(owner);
    tokens.push(client.sessionToken() ?? "");
  }
  for (const token of tokens) expect(token).toMatch(/^[a-z2-7]{40}$/);
  expect(new Set(tokens).size).toBe(3);
  await client.api.auth.signOut.mutate();
  for (const token of tokens)
    expect((await refusalOf(platform.client(token).api.account.get.query())).code).toBe("UNAUTHENTICATED");
});

test("many addresses are no more use than one, and never keep the owner's own device out [T7]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { runtime } = platform.api;
  // Loopback is one address only: the others count as their requests would.
  for (let i = 1; i <= 50; i++) {
    const attempt = { what: "sign-in", account: owner.email, address: `203.0.113.${i}`, device: null } as const;
    await countAttempt(runtime, attemptRules(attempt));
  }
  expect((await refusalOf(platform.client().api.auth.signIn.mutate(owner))).code).toBe("RATE_LIMITED");
  expect((await client.api.auth.signIn.mutate(owner)).step).toBe("done");
});

test("a device's cookie is worth nothing for another account, made up, or alone [T7]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  await signInAs(platform, chrome);
  const { runtime } = platform.api;
  const cookie = readDeviceCookie(runtime, knownDeviceCookie(runtime, owner.email).split(";")[0] ?? "") ?? "";
  expect(knownDeviceOf(runtime, cookie, owner.email)).toMatch(/^qd_device_/);
  expect(knownDeviceOf(runtime, cookie, "grace@example.com")).toBeNull();
  const flipped = `${cookie.slice(0, -2)}${cookie.endsWith("AA") ? "BB" : "AA"}`;
  for (const made of [flipped, "", "x", `${cookie}x`]) expect(knownDeviceOf(runtime, made, owner.email)).toBeNull();
  const response = await fetch(`${platform.origin}/trpc/auth.state`, {
    headers: { cookie: `quarterdeck-device=${cookie}` },
  });
  expect(await response.json()).toMatchObject({ result: { data: { me: null } } });
  expect(client.sessionToken()).not.toBe(cookie);
});

test("a clock that is set opens no new tries [T7]", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  await platform.signedUp();
  const { api } = platform.client();
  const guess = async () =>
    (await refusalOf(api.auth.signIn.mutate({ ...owner, password: "not this one at all" }))).code;
  for (let i = 0; i < 10; i++) expect(await guess()).toBe("WRONG_CREDENTIALS");
  for (const stepMs of [dayMs, -2 * dayMs, 400 * dayMs]) {
    clock.setBy(stepMs);
    expect(await guess()).toBe("RATE_LIMITED");
  }
  clock.pass(16 * minuteMs);
  expect(await guess()).toBe("WRONG_CREDENTIALS");
});

test("nobody renames or removes another account's passkey [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const authenticator = new SoftAuthenticator(platform.origin);
  const response = authenticator.create(await client.api.account.startPasskey.mutate());
  await client.api.account.addPasskey.mutate({ name: "Laptop", response });
  const { passkeys } = await client.api.account.get.query();
  const { passkeyId } = passkeys[0]!;
  const { api } = await platform.outsider();
  const calls = [
    api.account.renamePasskey.mutate({ passkeyId, name: "Mine" }),
    api.account.removePasskey.mutate({ passkeyId }),
  ];
  for (const call of calls) expect((await refusalOf(call)).code).toBe("NOT_FOUND");
  expect((await client.api.account.get.query()).passkeys).toEqual(passkeys);
});

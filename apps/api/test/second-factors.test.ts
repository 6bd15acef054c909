import { minuteMs, secondMs } from "@quarterdeck/core/units";
import { eq, sql } from "drizzle-orm";
import { Secret, TOTP } from "otpauth";
import { expect, test } from "vitest";
import { listPendingLinks } from "../src/auth/links/pending-links.ts";
import { firstPasskeyOptions, newAccount } from "../src/auth/new-account.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { auditEntries, authSessions, members, recoveryCodes, totpSecrets } from "../src/db/schema.ts";
import { SoftAuthenticator } from "./soft-authenticator.ts";
import { SteppableClock } from "./steppable-clock.ts";
import { owner, refusalOf, TestApi } from "./test-api.ts";

const stepMs = 30 * secondMs;

function codeOf(secret: string, clock: SteppableClock, steps = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.nowMs() + steps * stepMs });
}

async function withTotp() {
  const clock = new SteppableClock();
  const platform = await TestApi.start({}, clock);
  const client = await platform.signedUp();
  const { secret, uri } = await client.api.account.startTotp.mutate();
  const { recoveryCodes: codes } = await client.api.account.confirmTotp.mutate({ code: codeOf(secret, clock) });
  return { platform, clock, client, secret, uri, codes: codes ?? [] };
}

/** The password was right, and the second factor is asked for. */
async function pending({ api }: QuarterdeckClient): Promise<string> {
  const answer = await api.auth.signIn.mutate(owner);
  if (answer.step !== "secondFactor") throw new Error("it asked for no second factor");
  return answer.pendingToken;
}

async function addPasskey(client: QuarterdeckClient, origin: string, name = "Laptop") {
  const authenticator = new SoftAuthenticator(origin);
  const response = authenticator.create(await client.api.account.startPasskey.mutate());
  const { recoveryCodes: codes } = await client.api.account.addPasskey.mutate({ name, response });
  return { authenticator, codes };
}

test("an authenticator app counts once a code of it was given, and its secret is stored sealed", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  const { api } = await platform.signedUp();
  const { secret, uri } = await api.account.startTotp.mutate();
  expect(uri).toMatch(/^otpauth:\/\/totp\/Quarterdeck:ada%40example\.com\?/);
  expect((await api.account.get.query()).hasTotp).toBe(false);
  expect((await platform.client().api.auth.signIn.mutate(owner)).step).toBe("done");
  expect((await refusalOf(api.account.confirmTotp.mutate({ code: "000000" }))).code).toBe("WRONG_CODE");
  const { recoveryCodes: codes } = await api.account.confirmTotp.mutate({ code: codeOf(secret, clock) });
  expect(codes).toHaveLength(10);
  expect(new Set(codes).size).toBe(10);
  for (const code of codes ?? []) expect(code).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  expect((await api.account.get.query()).hasTotp).toBe(true);
  expect((await refusalOf(api.account.startTotp.mutate())).code).toBe("CONFLICT");
  const stored = JSON.stringify(await platform.api.database.db.select().from(totpSecrets));
  expect(stored).not.toContain(secret);
  const hashes = JSON.stringify(await platform.api.database.db.select().from(recoveryCodes));
  for (const code of codes ?? []) expect(hashes).not.toContain(code);
});

test("a password alone opens no session where there is a second factor [T5]", async () => {
  const { platform, clock, secret } = await withTotp();
  await using _ = platform;
  const client = platform.client();
  const before = (await platform.api.database.db.select().from(authSessions)).length;
  const pendingToken = await pending(client);
  expect(client.sessionToken()).toBeNull();
  expect((await platform.api.database.db.select().from(authSessions)).length).toBe(before);
  expect((await refusalOf(platform.client(pendingToken).api.orgs.current.query())).code).toBe("UNAUTHENTICATED");
  const { me } = await client.api.auth.signInWithCode.mutate({ pendingToken, code: codeOf(secret, clock, 1) });
  expect(me?.email).toBe(owner.email);
  expect((await client.api.orgs.current.query()).name).toBe("Orchard");
});

test("a code is taken once, and none of an earlier time after it [T5][W5]", async () => {
  const { platform, clock, secret } = await withTotp();
  await using _ = platform;
  const tryCode = async (code: string) => {
    const { api } = platform.client();
    return api.auth.signInWithCode.mutate({ pendingToken: await pending({ api } as QuarterdeckClient), code });
  };
  const code = codeOf(secret, clock, 1);
  // At the same time too: one of them is let in.
  const outcomes = await Promise.allSettled([tryCode(code), tryCode(code), tryCode(code)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  expect((await refusalOf(tryCode(code))).code).toBe("WRONG_CODE");
  expect((await refusalOf(tryCode(codeOf(secret, clock)))).code).toBe("WRONG_CODE");
  clock.pass(2 * stepMs);
  await tryCode(codeOf(secret, clock));
});

test("the second step is over after a while, and each pending sign-in lets in once [W5]", async () => {
  const { platform, clock, codes } = await withTotp();
  await using _ = platform;
  const client = platform.client();
  const late = await pending(client);
  clock.pass(10 * minuteMs + 1);
  const use = (pendingToken: string, code = "") => client.api.auth.signInWithCode.mutate({ pendingToken, code });
  expect((await refusalOf(use(late, codes[0]))).code).toBe("TOKEN_EXPIRED");
  const good = await pending(client);
  await use(good, codes[1]);
  expect((await refusalOf(use(good, codes[2]))).code).toBe("TOKEN_EXPIRED");
  const raced = await pending(client);
  const outcomes = await Promise.allSettled(
    [3, 4, 5].map((i) =>
      platform.client().api.auth.signInWithCode.mutate({ pendingToken: raced, code: codes[i] ?? "" }),
    ),
  );
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
});

test("each recovery code lets in once, however it is typed [T5]", async () => {
  const { platform, client, codes } = await withTotp();
  await using _ = platform;
  const [first = "", second = ""] = codes;
  const tryCode = async (code: string) => {
    const other = platform.client();
    return other.api.auth.signInWithCode.mutate({ pendingToken: await pending(other), code });
  };
  await tryCode(first.toUpperCase().replaceAll("-", " "));
  expect((await refusalOf(tryCode(first))).code).toBe("WRONG_CODE");
  expect((await client.api.account.get.query()).recoveryCodesLeft).toBe(9);
  const { recoveryCodes: fresh } = await client.api.account.newRecoveryCodes.mutate();
  expect((await refusalOf(tryCode(second))).code).toBe("WRONG_CODE");
  await tryCode(fresh?.[0] ?? "");
});

test("guessing codes is stopped, and the owner's own device is not [T7]", async () => {
  const { platform, clock, client, secret, codes } = await withTotp();
  await using _ = platform;
  const thief = platform.client();
  const guess = async (code: string) =>
    refusalOf(thief.api.auth.signInWithCode.mutate({ pendingToken: await pending(thief), code }));
  for (let i = 0; i < 10; i++) expect((await guess("123456")).code).toBe("WRONG_CODE");
  expect((await guess("123456")).code).toBe("RATE_LIMITED");
  expect((await guess(codes[0] ?? "")).code).toBe("RATE_LIMITED");
  const pendingToken = await pending(client);
  await client.api.auth.signInWithCode.mutate({ pendingToken, code: codeOf(secret, clock, 1) });
});

test("turning two-step sign-in on and off gives the session a new id, and the old one is worth nothing [T5]", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  const client = await platform.signedUp();
  const seen = [client.sessionToken() ?? ""];
  const noteAndCheck = async () => {
    const token = client.sessionToken() ?? "";
    expect(seen).not.toContain(token);
    for (const old of seen) expect((await platform.client(old).api.auth.state.query()).me).toBeNull();
    seen.push(token);
  };
  const { secret } = await client.api.account.startTotp.mutate();
  await client.api.account.confirmTotp.mutate({ code: codeOf(secret, clock) });
  await noteAndCheck();
  await client.api.account.removeTotp.mutate();
  await noteAndCheck();
  expect((await client.api.account.get.query()).recoveryCodesLeft).toBe(0);
  await addPasskey(client, platform.origin);
  await noteAndCheck();
  const [passkey] = (await client.api.account.get.query()).passkeys;
  await client.api.account.removePasskey.mutate({ passkeyId: passkey!.passkeyId });
  await noteAndCheck();
  const actions = (await platform.api.database.db.select().from(auditEntries)).map(({ action }) => action);
  for (const action of ["account.addTotp", "account.removeTotp", "account.addPasskey", "account.removePasskey"])
    expect(actions.filter((one) => one === action)).toHaveLength(1);
});

test("a passkey lets in by itself, without a name; what it signed is good once [T5][W5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { authenticator, codes } = await addPasskey(client, platform.origin);
  expect(codes).toHaveLength(10);
  const other = platform.client();
  const response = authenticator.get(await other.api.auth.passkeyOptions.mutate({ pendingToken: null }));
  expect((await other.api.auth.signInWithPasskey.mutate({ pendingToken: null, response })).account.email).toBe(
    owner.email,
  );
  expect((await refusalOf(other.api.auth.signInWithPasskey.mutate({ pendingToken: null, response }))).code).toBe(
    "PASSKEY_REFUSED",
  );
  const [passkey] = (await other.api.account.get.query()).passkeys;
  expect(passkey).toMatchObject({ name: "Laptop", lastUsedAtMs: expect.any(Number) as number });
});

test("a passkey that is not unlocked is a second factor only [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { authenticator } = await addPasskey(client, platform.origin);
  authenticator.isUnlocked = false;
  const other = platform.client();
  const alone = authenticator.get(await other.api.auth.passkeyOptions.mutate({ pendingToken: null }));
  const signIn = (response: typeof alone, pendingToken: string | null) =>
    refusalOf(other.api.auth.signInWithPasskey.mutate({ pendingToken, response }));
  expect((await signIn(alone, null)).code).toBe("PASSKEY_REFUSED");
  const pendingToken = await pending(other);
  const second = authenticator.get(await other.api.auth.passkeyOptions.mutate({ pendingToken }));
  expect((await signIn(second, null)).code).toBe("PASSKEY_REFUSED"); // Asked for as one thing, used as another.
  const again = authenticator.get(await other.api.auth.passkeyOptions.mutate({ pendingToken }));
  await other.api.auth.signInWithPasskey.mutate({ pendingToken, response: again });
});

test("a passkey whose counter does not rise is refused: there are two of it [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { authenticator } = await addPasskey(client, platform.origin);
  const other = platform.client();
  const signIn = async () => {
    const response = authenticator.get(await other.api.auth.passkeyOptions.mutate({ pendingToken: null }));
    return other.api.auth.signInWithPasskey.mutate({ pendingToken: null, response });
  };
  authenticator.counter = 5;
  await signIn();
  authenticator.counter = 5;
  expect((await refusalOf(signIn())).code).toBe("PASSKEY_REFUSED");
  authenticator.counter = 9;
  await signIn();
});

test("a passkey answers for its own site, its own account and its own use [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const phisher = new SoftAuthenticator("https://quarterdeck.evil.example");
  const options = await client.api.account.startPasskey.mutate();
  const add = (response: ReturnType<SoftAuthenticator["create"]>, who = client) =>
    refusalOf(who.api.account.addPasskey.mutate({ name: "Phished", response }));
  expect((await add(phisher.create(options))).code).toBe("PASSKEY_REFUSED");
  const outsider = await platform.outsider();
  const authenticator = new SoftAuthenticator(platform.origin);
  const forOther = authenticator.create(await client.api.account.startPasskey.mutate());
  expect((await add(forOther, outsider)).code).toBe("PASSKEY_REFUSED");
  const own = await addPasskey(client, platform.origin);
  const forStepUp = own.authenticator.get((await client.api.account.stepUpOptions.mutate()).passkey!);
  const signIn = platform.client().api.auth.signInWithPasskey.mutate({ pendingToken: null, response: forStepUp });
  expect((await refusalOf(signIn)).code).toBe("PASSKEY_REFUSED");
});

test("an account without a password lives by its passkeys, and the last way in stays", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { api } = client;
  expect((await refusalOf(api.account.removePassword.mutate())).code).toBe("CONFLICT");
  const { authenticator } = await addPasskey(client, platform.origin);
  await api.account.removePassword.mutate();
  expect((await refusalOf(platform.client().api.auth.signIn.mutate(owner))).code).toBe("WRONG_CREDENTIALS");
  const [passkey] = (await api.account.get.query()).passkeys;
  const { passkeyId } = passkey!;
  expect((await refusalOf(api.account.removePasskey.mutate({ passkeyId }))).code).toBe("CONFLICT");
  await addPasskey(client, platform.origin, "Phone");
  // Both at once: one of them stays.
  const keys = (await api.account.get.query()).passkeys;
  const { token } = await platform.api.runtime.sessions.create({
    userId: (await api.auth.state.query()).me!.userId,
    nowMs: Date.now(),
    address: "127.0.0.1",
  });
  const clients = [client, platform.client(token)];
  await Promise.allSettled(
    keys.map((key, i) => clients[i]!.api.account.removePasskey.mutate({ passkeyId: key.passkeyId })),
  );
  expect((await api.account.get.query()).passkeys).toHaveLength(1);
  expect((await api.account.get.query()).hasPassword).toBe(false);
  expect(authenticator.counter).toBe(0);
});

test("what is dangerous needs a recent proof, of the strongest kind that the account has [T5]", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  const client = await platform.signedUp();
  const { api } = client;
  clock.pass(10 * minuteMs);
  for (const call of [
    () => api.account.startTotp.mutate(),
    () => api.account.startPasskey.mutate(),
    () => api.account.removePassword.mutate(),
    () => api.account.revokeOtherSessions.mutate(),
    async () => api.account.revokeSession.mutate({ signInId: (await api.account.sessions.query())[0]!.signInId }),
    () => api.account.requestEmailChange.mutate({ email: "new@example.com" }),
    () => api.account.changePassword.mutate({ current: owner.password, password: "seven quiet brown lanterns" }),
  ])
    expect((await refusalOf(call())).code).toBe("STEP_UP_REQUIRED");
  expect(await api.account.stepUpOptions.mutate()).toEqual({ password: true, code: false, passkey: null });
  const wrong = api.account.stepUp.mutate({ kind: "password", password: "not this one at all" });
  expect((await refusalOf(wrong)).code).toBe("WRONG_CREDENTIALS");
  const before = client.sessionToken() ?? "";
  await api.account.stepUp.mutate({ kind: "password", password: owner.password });
  expect((await platform.client(before).api.auth.state.query()).me).toBeNull();
  const { secret } = await api.account.startTotp.mutate();
  await api.account.confirmTotp.mutate({ code: codeOf(secret, clock) });
  clock.pass(10 * minuteMs);
  expect(await api.account.stepUpOptions.mutate()).toEqual({ password: false, code: true, passkey: null });
  const weak = api.account.stepUp.mutate({ kind: "password", password: owner.password });
  expect((await refusalOf(weak)).code).toBe("BAD_REQUEST");
  expect((await refusalOf(api.account.newRecoveryCodes.mutate())).code).toBe("STEP_UP_REQUIRED");
  await api.account.stepUp.mutate({ kind: "code", code: codeOf(secret, clock) });
  await api.account.newRecoveryCodes.mutate();
});

test("every step of signing in is recorded, refused ones with the account that was meant", async () => {
  const { platform, client, codes } = await withTotp();
  await using _ = platform;
  const other = platform.client();
  const { db } = platform.api.database;
  await refusalOf(other.api.auth.signInWithCode.mutate({ pendingToken: await pending(other), code: "123456" }));
  await other.api.auth.signInWithCode.mutate({ pendingToken: await pending(other), code: codes[0] ?? "" });
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.action, "account.useTotp"));
  expect(entries.map(({ actor, outcome, detail }) => ({ actor, outcome, detail }))).toEqual([
    { actor: "anonymous", outcome: "refused", detail: "WRONG_CODE" },
  ]);
  const { orgId } = await client.api.orgs.current.query();
  const used = await db.select().from(auditEntries).where(eq(auditEntries.action, "account.useRecoveryCode"));
  expect([...entries, ...used].map((entry) => entry.orgId)).toEqual([orgId, orgId]);
  const created = await db.select().from(auditEntries).where(eq(auditEntries.action, "session.create"));
  expect(created.map(({ detail }) => detail)).toEqual(["password and code"]);
});

test("a new password by a link opens no account that has a second factor [T5]", async () => {
  const { platform, clock, secret } = await withTotp();
  await using _ = platform;
  const { api } = platform.client();
  await api.auth.requestReset.mutate({ email: owner.email });
  const [link] = await listPendingLinks(platform.api.runtime);
  const password = "seven quiet brown lanterns";
  await api.auth.resetPassword.mutate({ token: link?.url.split("#token=")[1] ?? "", password });
  expect((await api.auth.state.query()).me).toBeNull();
  const answer = await api.auth.signIn.mutate({ ...owner, password });
  if (answer.step !== "secondFactor") throw new Error("the second factor is gone");
  const { pendingToken } = answer;
  expect((await refusalOf(api.auth.signInWithCode.mutate({ pendingToken, code: "000000" }))).code).toBe("WRONG_CODE");
  await api.auth.signInWithCode.mutate({ pendingToken, code: codeOf(secret, clock, 1) });
});

test("a code of the app is good for its half minute and the ones beside it, and no longer [T5]", async () => {
  const { platform, clock, secret } = await withTotp();
  await using _ = platform;
  clock.pass(4 * stepMs);
  const other = platform.client();
  const tryCode = async (steps: number) => {
    const pendingToken = await pending(other);
    return other.api.auth.signInWithCode.mutate({ pendingToken, code: codeOf(secret, clock, steps) });
  };
  for (const steps of [-3, 3]) expect((await refusalOf(tryCode(steps))).code).toBe("WRONG_CODE");
  await tryCode(0);
});

test("an account is made with a passkey and no password, for the address that it was asked for", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { orgId } = (await client.api.auth.state.query()).me!;
  const { runtime } = platform.api;
  const email = "grace@example.com";
  const authenticator = new SoftAuthenticator(platform.origin);
  const { userId, options } = await firstPasskeyOptions(runtime, email);
  const factor = { passkey: { userId, response: authenticator.create(options) } };
  const { statements } = await newAccount(runtime, { email, factor }, sql`true`);
  const member = { orgId, userId, role: "viewer", createdAtMs: 1 } as const;
  await runtime.writer.commit([...statements, platform.api.database.db.insert(members).values(member)]);
  const other = platform.client();
  const response = authenticator.get(await other.api.auth.passkeyOptions.mutate({ pendingToken: null }));
  expect((await other.api.auth.signInWithPasskey.mutate({ pendingToken: null, response })).account.email).toBe(email);
  expect((await other.api.account.get.query()).hasPassword).toBe(false);
  await expect(newAccount(runtime, { email, factor }, sql`true`)).rejects.toThrow(/could not be taken/); // Once.
});

import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { listPendingLinks } from "../src/auth/links/pending-links.ts";
import { accountLinks, auditEntries, orgs, users } from "../src/db/schema.ts";
import { writeSetting } from "../src/settings/repo.ts";
import { FakeMailServer } from "./fake-mail-server.ts";
import { SteppableClock } from "./steppable-clock.ts";
import { owner, refusalOf, TestApi } from "./test-api.ts";

const newPassword = "seven quiet brown lanterns";

/** The newest link that waits for the operator, by its token. */
async function pendingToken(platform: TestApi, email = owner.email): Promise<string> {
  const links = (await listPendingLinks(platform.api.runtime)).filter((link) => link.email === email);
  return links.at(-1)?.url.split("#token=")[1] ?? "";
}

test("a link sets a new password once; everybody who was in is out and the second factor stays [T5][W5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { api } = platform.client();
  await api.auth.requestReset.mutate({ email: owner.email });
  const token = await pendingToken(platform);
  const reset = (password: string) => api.auth.resetPassword.mutate({ token, password });
  expect((await refusalOf(reset("password1234"))).code).toBe("BAD_REQUEST"); // Which leaves it usable.
  const outcomes = await Promise.allSettled([reset(newPassword), reset(newPassword), reset(newPassword)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  expect((await refusalOf(reset(newPassword))).code).toBe("TOKEN_USED");
  expect((await client.api.auth.state.query()).me).toBeNull();
  expect((await refusalOf(api.auth.signIn.mutate(owner))).code).toBe("WRONG_CREDENTIALS");
  expect((await api.auth.signIn.mutate({ ...owner, password: newPassword })).step).toBe("done");
});

test("asking for a link says nothing of whether there is an account, and neither do too many [T7]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const { api } = platform.client();
  for (let i = 0; i < 5; i++)
    for (const email of [owner.email, "nobody@example.com"])
      expect(await api.auth.requestReset.mutate({ email })).toBeNull();
  const [known, unknown] = await Promise.all(
    [owner.email, "nobody@example.com"].map((email) => refusalOf(api.auth.requestReset.mutate({ email }))),
  );
  expect(known).toEqual(unknown);
  expect(known?.code).toBe("RATE_LIMITED");
  const links = await platform.api.database.db.select().from(accountLinks);
  expect(links.map(({ email }) => email)).toEqual(Array.from({ length: 5 }, () => owner.email));
});

test("a link is good for its time and its use only, and the database holds no token [T7][W5]", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  await platform.signedUp();
  const { api } = platform.client();
  await api.auth.requestReset.mutate({ email: owner.email });
  const token = await pendingToken(platform);
  expect(JSON.stringify(await platform.api.database.db.select().from(accountLinks))).not.toContain(token);
  expect((await refusalOf(api.auth.openEmailLink.mutate({ token }))).code).toBe("TOKEN_INVALID");
  clock.pass(hourMs);
  const late = api.auth.resetPassword.mutate({ token, password: newPassword });
  expect((await refusalOf(late)).code).toBe("TOKEN_EXPIRED");
  expect(await listPendingLinks(platform.api.runtime)).toEqual([]);
  for (let i = 0; i < 100; i++)
    await refusalOf(api.auth.resetPassword.mutate({ token: `qd_link_${i}`, password: newPassword }));
  const guess = api.auth.resetPassword.mutate({ token: "qd_link_x", password: newPassword });
  expect((await refusalOf(guess)).code).toBe("RATE_LIMITED");
});

test("a new address counts once its link was opened; the old one is told and can take it back [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const elsewhere = platform.client();
  await elsewhere.api.auth.signIn.mutate(owner);
  const email = "lovelace@example.com";
  const before = client.sessionToken() ?? "";
  await client.api.account.requestEmailChange.mutate({ email });
  expect((await client.api.account.get.query()).email).toBe(owner.email);
  expect(await client.api.auth.openEmailLink.mutate({ token: await pendingToken(platform, email) })).toEqual({ email });
  expect((await client.api.account.get.query()).email).toBe(email);
  expect((await platform.client(before).api.auth.state.query()).me).toBeNull();
  expect((await elsewhere.api.auth.state.query()).me).toBeNull();
  expect((await refusalOf(elsewhere.api.auth.signIn.mutate(owner))).code).toBe("WRONG_CREDENTIALS");
  // The thief asks for more, which the undoing ends.
  await client.api.auth.requestReset.mutate({ email });
  const thiefs = await pendingToken(platform, email);
  const undo = await pendingToken(platform, owner.email);
  expect(await elsewhere.api.auth.openEmailLink.mutate({ token: undo })).toEqual({ email: owner.email });
  expect((await client.api.auth.state.query()).me).toBeNull();
  const reset = elsewhere.api.auth.resetPassword.mutate({ token: thiefs, password: newPassword });
  expect((await refusalOf(reset)).code).toBe("TOKEN_INVALID");
  expect((await elsewhere.api.auth.signIn.mutate(owner)).step).toBe("done");
  expect((await refusalOf(elsewhere.api.auth.openEmailLink.mutate({ token: undo }))).code).toBe("TOKEN_USED");
});

test("an address that somebody has is not given to another account, and nobody is told that it is taken [T7]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const taken = "grace@example.com";
  await client.api.account.requestEmailChange.mutate({ email: taken });
  const token = await pendingToken(platform, taken);
  const { writer } = platform.api.runtime;
  const { db } = platform.api.database;
  const user = { userId: platform.api.runtime.makeId("user"), email: taken, passwordHash: null, createdAtMs: 1 };
  await writer.commit([db.insert(users).values(user)]);
  expect((await refusalOf(client.api.auth.openEmailLink.mutate({ token }))).code).toBe("CONFLICT");
  expect((await client.api.account.get.query()).email).toBe(owner.email);
  expect(await client.api.account.requestEmailChange.mutate({ email: taken })).toBeNull();
  expect(await pendingToken(platform, taken)).toBe("");
});

test("with a mail server links are mailed as plain text, and those that it refuses wait for the operator", async () => {
  await using mail = new FakeMailServer();
  await using platform = await TestApi.start({
    QUARTERDECK_SMTP_URL: await mail.start(),
    QUARTERDECK_MAIL_FROM: "Quarterdeck <quarterdeck@example.com>",
  });
  await platform.signedUp();
  const { api } = platform.client();
  await api.auth.requestReset.mutate({ email: owner.email });
  const token = await mail.linkTo(owner.email);
  expect(mail.mails[0]?.text).toMatch(/content-type: text\/plain/i);
  await api.auth.resetPassword.mutate({ token, password: newPassword });
  expect(await listPendingLinks(platform.api.runtime)).toEqual([]);
  mail.isRefusing = true;
  await api.auth.requestReset.mutate({ email: owner.email });
  await platform.api.runtime.mailer?.stop();
  expect(await pendingToken(platform)).not.toBe("");
  expect(platform.logLines.join("")).not.toContain(await pendingToken(platform));
});

test("signing up is the operator's switch: closed it makes nothing, open an account with an org of its own [T7]", async () => {
  const clock = new SteppableClock();
  await using platform = await TestApi.start({}, clock);
  await platform.signedUp();
  const client = platform.client();
  const email = "grace@example.com";
  const ask = (address: string) => client.api.auth.requestSignUp.mutate({ email: address });
  expect((await refusalOf(ask(email))).code).toBe("FORBIDDEN");
  await platform.api.runtime.writer.commit([writeSetting("signUpOpen", true)]);
  expect(await client.api.auth.signUpState.query()).toEqual({ isOpen: true });
  expect(await ask(email)).toBeNull();
  expect(await ask(owner.email)).toBeNull(); // The same answer, and no link.
  expect(await pendingToken(platform, owner.email)).toBe("");
  const token = await pendingToken(platform, email);
  const signUp = (password: string) => client.api.auth.signUp.mutate({ token, password, orgName: "Compilers" });
  expect((await refusalOf(signUp("gracegracegrace"))).code).toBe("BAD_REQUEST");
  const outcomes = await Promise.allSettled([signUp(newPassword), signUp(newPassword)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await client.api.orgs.current.query()).toMatchObject({ name: "Compilers", role: "owner" });
  const { db } = platform.api.database;
  expect((await db.select().from(orgs)).length).toBe(2);
  await ask("late@example.com");
  const late = await pendingToken(platform, "late@example.com");
  clock.pass(dayMs + minuteMs);
  const tooLate = client.api.auth.signUp.mutate({ token: late, password: newPassword, orgName: "Late" });
  expect((await refusalOf(tooLate)).code).toBe("TOKEN_EXPIRED");
  const actions = (await db.select().from(auditEntries)).map(({ action }) => action);
  expect(actions.filter((action) => action === "org.create")).toHaveLength(1);
});

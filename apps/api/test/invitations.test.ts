import { dayMs } from "@quarterdeck/core/units";
import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { QuarterdeckClient } from "../src/client.ts";
import { invitations, members, orgs, users } from "../src/db/schema.ts";
import { isAcceptable } from "../src/invitations/repo.ts";
import { hashToken } from "../src/random-token.ts";
import type { Mail } from "../src/mail/mailer.ts";
import { FakeMailServer } from "./fake-mail-server.ts";
import { refusalOf, TestApi } from "./test-api.ts";

const password = "a barge of quiet lanterns";
const guest = "grace@example.com";

const orgIdOf = async ({ api }: QuarterdeckClient) => (await api.orgs.current.query()).orgId;
const meOf = async ({ api }: QuarterdeckClient) => (await api.auth.state.query()).me!;
const tokenOf = (link: string) => link.split("#token=")[1] ?? "";

/** Gives an account another address, as if it had been made with it. */
async function withEmail(platform: TestApi, client: QuarterdeckClient, email: string) {
  const { userId } = await meOf(client);
  await platform.api.runtime.writer.commit([
    sql`update ${users} set email = ${email} where ${eq(users.userId, userId)}`,
  ]);
  return client;
}

test("who is invited makes an account with the link, and is a member with the role of the invitation", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const { link, mail, invitation } = await owner.api.invitations.create.mutate({ email: guest, role: "viewer" });
  expect(mail).toBe("none");
  expect(invitation).toMatchObject({ email: guest, role: "viewer", invitedBy: "ada@example.com", state: "open" });
  expect(invitation.expiresAtMs - invitation.createdAtMs).toBe(7 * dayMs);
  const token = tokenOf(link);
  const newcomer = platform.client();
  expect(await newcomer.api.invitations.offer.mutate({ token })).toMatchObject({
    orgName: "Orchard",
    email: guest,
    role: "viewer",
    hasAccount: false,
  });
  const { me } = await newcomer.api.invitations.acceptAsNew.mutate({ token, password });
  expect(me).toMatchObject({ email: guest, orgName: "Orchard", role: "viewer" });
  expect(await meOf(newcomer)).toMatchObject({ email: guest, role: "viewer" });
  expect((await owner.api.invitations.list.query()).map(({ state }) => state)).toEqual(["accepted"]);
  const again = platform.client();
  await again.api.auth.signIn.mutate({ email: guest, password });
  expect(await orgIdOf(again)).toBe(await orgIdOf(owner));
});

test("who has an account accepts signed in, only as the one who is invited, and then works in that org [T4]", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const { link } = await owner.api.invitations.create.mutate({ email: guest, role: "developer" });
  const token = tokenOf(link);
  const stranger = await platform.outsider();
  expect((await refusalOf(stranger.api.invitations.accept.mutate({ token }))).code).toBe("FORBIDDEN");
  const invited = await withEmail(platform, await platform.outsider(), guest);
  expect((await platform.client().api.invitations.offer.mutate({ token })).hasAccount).toBe(true);
  const newcomer = platform.client().api.invitations.acceptAsNew.mutate({ token, password });
  expect((await refusalOf(newcomer)).code).toBe("CONFLICT");
  await invited.api.invitations.accept.mutate({ token });
  expect(await invited.api.orgs.current.query()).toMatchObject({ name: "Orchard", role: "developer" });
  expect((await invited.api.orgs.list.query()).orgs).toHaveLength(2);
});

test("a link is good once, also for many who open it at the same time [T5]", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const { link } = await owner.api.invitations.create.mutate({ email: guest, role: "viewer" });
  const input = { token: tokenOf(link), password };
  const outcomes = await Promise.allSettled(
    Array.from({ length: 4 }, () => platform.client().api.invitations.acceptAsNew.mutate(input)),
  );
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const refusal = await refusalOf(platform.client().api.invitations.acceptAsNew.mutate(input));
  expect(refusal.code).toBe("TOKEN_USED");
  expect(await platform.api.database.db.select().from(members)).toHaveLength(2);
});

test("a link is worth nothing when it was taken back, replaced, ran out, or was never one [T7]", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const { api } = owner;
  const offer = async (link: string) =>
    (await refusalOf(platform.client().api.invitations.offer.mutate({ token: tokenOf(link) }))).code;
  const first = await api.invitations.create.mutate({ email: guest, role: "viewer" });
  const second = await api.invitations.create.mutate({ email: guest, role: "developer" });
  expect(await offer(first.link)).toBe("TOKEN_INVALID");
  const { invitationId } = second.invitation;
  const resent = await api.invitations.resend.mutate({ invitationId });
  expect(await offer(second.link)).toBe("TOKEN_INVALID");
  expect((await api.invitations.revoke.mutate({ invitationId })).state).toBe("revoked");
  expect(await offer(resent.link)).toBe("TOKEN_INVALID");
  expect((await refusalOf(api.invitations.resend.mutate({ invitationId }))).code).toBe("ALREADY_ENDED");
  const late = await api.invitations.create.mutate({ email: "late@example.com", role: "viewer", days: 1 });
  await platform.api.runtime.writer.commit([
    sql`update ${invitations} set "expiresAtMs" = ${Date.now()} where ${eq(invitations.email, "late@example.com")}`,
  ]);
  expect(await offer(late.link)).toBe("TOKEN_EXPIRED");
  expect(await offer("#token=qd_invite_made-up")).toBe("TOKEN_INVALID");
  const tokens = [first, second, resent, late].map(({ link }) => tokenOf(link));
  const stored = JSON.stringify(await platform.api.database.db.select().from(invitations));
  for (const token of tokens) {
    // Also for the write that would accept it, where it was taken back between the check and that.
    const isGood = sql`select ${isAcceptable(hashToken(token), Date.now())} as "isGood"`;
    expect(await platform.api.database.db.all(isGood)).toEqual([{ isGood: 0 }]);
    expect(stored).not.toContain(token);
    expect(platform.logLines.join("")).not.toContain(token);
  }
});

test("guessing links is stopped [T7]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const { api } = platform.client();
  const guess = async (n: number) => (await refusalOf(api.invitations.offer.mutate({ token: `qd_invite_${n}` }))).code;
  for (let n = 0; n < 60; n++) expect(await guess(n)).toBe("TOKEN_INVALID");
  expect(await guess(60)).toBe("RATE_LIMITED");
});

test("an invitation is worth what its sender may do now: a removed or lowered one lets nobody in [T4]", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const orgId = await orgIdOf(owner);
  const admin = await platform.memberOf(orgId, "admin");
  const { link } = await admin.api.invitations.create.mutate({ email: guest, role: "admin" });
  const { userId } = await meOf(admin);
  await owner.api.members.setRole.mutate({ userId, role: "viewer" });
  const input = { token: tokenOf(link), password };
  expect((await refusalOf(platform.client().api.invitations.acceptAsNew.mutate(input))).code).toBe("TOKEN_INVALID");
  await owner.api.members.setRole.mutate({ userId, role: "admin" });
  await platform.client().api.invitations.acceptAsNew.mutate(input);
});

test("an owner is invited only by an owner, and who may not invite neither does so nor reads who was [T4]", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const orgId = await orgIdOf(owner);
  const admin = await platform.memberOf(orgId, "admin");
  const asOwner = { email: guest, role: "owner" } as const;
  expect((await refusalOf(admin.api.invitations.create.mutate(asOwner))).code).toBe("FORBIDDEN");
  const { invitation } = await owner.api.invitations.create.mutate(asOwner);
  const { invitationId } = invitation;
  expect((await refusalOf(admin.api.invitations.resend.mutate({ invitationId }))).code).toBe("FORBIDDEN");
  expect((await refusalOf(admin.api.invitations.revoke.mutate({ invitationId }))).code).toBe("FORBIDDEN");
  for (const role of ["developer", "viewer"] as const) {
    const { api } = await platform.memberOf(orgId, role);
    const asViewer = { email: "x@example.com", role: "viewer" } as const;
    for (const call of [
      api.invitations.list.query(),
      api.invitations.create.mutate(asViewer),
      api.invitations.resend.mutate({ invitationId }),
      api.invitations.revoke.mutate({ invitationId }),
    ])
      expect((await refusalOf(call)).code).toBe("FORBIDDEN");
  }
  const more = { email: "y@example.com", role: "viewer", orgId, invitedBy: invitationId } as const;
  expect((await refusalOf(owner.api.invitations.create.mutate(more))).code).toBe("BAD_REQUEST");
});

test("where the org may have no more members nobody is let in, and no account is left behind [T4]", async () => {
  await using platform = await TestApi.start();
  const owner = await platform.signedUp();
  const orgId = await orgIdOf(owner);
  const { link } = await owner.api.invitations.create.mutate({ email: guest, role: "viewer" });
  await owner.api.quotas.set.mutate({ nodeId: orgId, limits: { members: 1 } });
  const accept = () => platform.client().api.invitations.acceptAsNew.mutate({ token: tokenOf(link), password });
  expect((await refusalOf(accept())).code).toBe("QUOTA_EXCEEDED");
  expect(await platform.api.database.db.select().from(users)).toHaveLength(1);
  await owner.api.quotas.set.mutate({ nodeId: orgId, limits: { members: 2 } });
  await accept();
  expect(await platform.api.database.db.select().from(members)).toHaveLength(2);
});

test("an invitation goes out by mail where there is any, and a mail that fails is said", async () => {
  const sent: Mail[] = [];
  let isBroken = false;
  const deliver = (mail: Mail) => {
    if (isBroken) return Promise.reject(new Error("the mail server is away"));
    sent.push(mail);
    return Promise.resolve();
  };
  await using platform = await TestApi.start({}, undefined, deliver);
  const { api } = await platform.signedUp();
  await api.orgs.rename.mutate({ name: "بستان" });
  const { link, mail, invitation } = await api.invitations.create.mutate({ email: guest, role: "viewer" });
  expect(mail).toBe("sent");
  expect(sent).toMatchObject([{ to: guest, subject: "Invitation to بستان on Quarterdeck" }]);
  expect(sent[0]?.text).toContain(link);
  isBroken = true;
  expect((await api.invitations.resend.mutate({ invitationId: invitation.invitationId })).mail).toBe("failed");
});

test("nothing that somebody types adds a recipient or a header to a mail", async () => {
  await using mail = new FakeMailServer();
  await using platform = await TestApi.start({
    QUARTERDECK_SMTP_URL: await mail.start(),
    QUARTERDECK_MAIL_FROM: "Quarterdeck <quarterdeck@example.com>",
  });
  const { api } = await platform.signedUp();
  const injected = "Orchard\r\nBcc: eve@example.com\r\n\r\nPay here";
  expect((await refusalOf(api.orgs.rename.mutate({ name: injected }))).code).toBe("INVALID_NAME");
  for (const email of ["grace@example.com\r\nRCPT TO:<eve@example.com>", "grace@example.com, eve@example.com"]) {
    expect((await refusalOf(api.invitations.create.mutate({ email, role: "viewer" }))).code).toBe("BAD_REQUEST");
    expect((await refusalOf(platform.client().api.auth.requestReset.mutate({ email }))).code).toBe("BAD_REQUEST");
  }
  // What came past the schemas all the same, as from an old database.
  await platform.api.runtime.writer.commit([sql`update ${orgs} set name = ${injected}`]);
  await api.invitations.create.mutate({ email: "grace@example.com", role: "viewer" });
  expect(mail.mails.map(({ to }) => to)).toEqual(["grace@example.com"]);
  const [headers = ""] = (mail.mails[0]?.text ?? "").split("\n\n");
  expect(headers).not.toMatch(/^bcc:/im);
});

test("who is a member already is not invited, and an address in another spelling is the same one", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const again = { email: "ADA@example.com ", role: "viewer" } as const;
  expect((await refusalOf(api.invitations.create.mutate(again))).code).toBe("CONFLICT");
  expect((await refusalOf(api.invitations.create.mutate({ ...again, email: "ada" }))).code).toBe("BAD_REQUEST");
});

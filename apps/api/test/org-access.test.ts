import { Secret, TOTP } from "otpauth";
import { WebSocket } from "ws";
import { expect, test } from "vitest";
import { clearAddresses } from "../src/orgs/access-service.ts";
import { auditEntries, orgs } from "../src/db/schema.ts";
import { eq, sql } from "drizzle-orm";
import type { QuarterdeckClient } from "../src/client.ts";
import { refusalOf, TestApi } from "./test-api.ts";

const bar = { timeout: 5000 };
const elsewhere = ["203.0.113.0/24"];

const tokenOf = (client: QuarterdeckClient) => client.sessionToken() ?? "";

/** Asks as a browser somewhere else would, as far as headers can say that. */
async function askFrom(platform: TestApi, client: QuarterdeckClient, forwarded: string): Promise<string> {
  const headers = { authorization: `Bearer ${tokenOf(client)}`, "x-forwarded-for": forwarded, "x-real-ip": forwarded };
  const answer = await fetch(`${platform.origin}/trpc/orgs.current`, {
    headers: { ...headers, forwarded: `for=${forwarded}`, "cf-connecting-ip": forwarded, "true-client-ip": forwarded },
  });
  const body = (await answer.json()) as { error?: { data: { code: string } } };
  return body.error?.data.code ?? "answered";
}

/** A console's socket: answers with the status of its upgrade, and the code that ends it. */
function openSocket(platform: TestApi, client: QuarterdeckClient, forwarded?: string) {
  const opened = Promise.withResolvers<number>();
  const closed = Promise.withResolvers<number>();
  const socket = new WebSocket(`${platform.origin.replace("http", "ws")}/trpc`, {
    headers: {
      authorization: `Bearer ${tokenOf(client)}`,
      origin: platform.origin,
      ...(forwarded === undefined ? {} : { "x-forwarded-for": forwarded }),
    },
  });
  socket.on("unexpected-response", (_, response) => opened.resolve(response.statusCode ?? 0));
  socket.on("open", () => opened.resolve(101));
  socket.on("close", (code) => closed.resolve(code));
  socket.on("error", () => {}); // The answer came before it.
  return { opened: opened.promise, closed: closed.promise, end: () => socket.terminate() };
}

test("an org lets in only from its addresses: requests, sockets, tickets and downloads; headers that anybody can send change nothing [T5]", async () => {
  await using platform = await TestApi.start();
  const { client, api, serverId } = await platform.withWorkspace();
  const open = openSocket(platform, client);
  expect(await open.opened).toBe(101);
  await api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });

  expect((await refusalOf(api.orgs.setAddresses.mutate({ addresses: elsewhere }))).code).toBe("CONFLICT");
  await api.orgs.setAddresses.mutate({ addresses: elsewhere, shutsMeOut: true });

  expect(await open.closed).toBe(1012);
  const { userId } = (await api.auth.state.query()).me!;
  await expect.poll(() => platform.relay.revocations, bar).toContainEqual({ serverId, userId });
  for (const forwarded of ["203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7, 203.0.113.7"]) {
    expect(await askFrom(platform, client, forwarded)).toBe("ADDRESS_REFUSED");
    expect(await openSocket(platform, client, forwarded).opened).toBe(403);
  }
  const ticket = api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  expect((await refusalOf(ticket)).code).toBe("ADDRESS_REFUSED");
  const download = await fetch(`${platform.origin}/export/organization.ndjson`, {
    headers: { authorization: `Bearer ${tokenOf(client)}` },
  });
  expect(download.status).toBe(403);
  const refused = await platform.api.database.db
    .select()
    .from(auditEntries)
    .where(eq(auditEntries.detail, "ADDRESS_REFUSED"));
  expect(refused.map(({ action }) => action)).toContain("orgs.current");
  // Other orgs of the same account, and the account itself, are as they were.
  await api.orgs.create.mutate({ name: "Elsewhere" });
  expect((await api.orgs.current.query()).name).toBe("Elsewhere");
});

test("behind a proxy that is trusted, what it says counts, and what was said before it does not [T5]", async () => {
  await using platform = await TestApi.start({ QUARTERDECK_TRUSTED_PROXIES: "127.0.0.0/8, ::1" });
  const client = await platform.signedUp();
  await client.api.orgs.setAddresses.mutate({ addresses: elsewhere, shutsMeOut: true });
  expect(await askFrom(platform, client, "203.0.113.7")).toBe("answered");
  expect(await askFrom(platform, client, "::ffff:203.0.113.7")).toBe("answered");
  expect(await askFrom(platform, client, "198.51.100.9")).toBe("ADDRESS_REFUSED");
  expect(await askFrom(platform, client, "203.0.113.7, 198.51.100.9")).toBe("ADDRESS_REFUSED");
  expect(await openSocket(platform, client, "198.51.100.9").opened).toBe(403);
  const socket = openSocket(platform, client, "203.0.113.7");
  expect(await socket.opened).toBe(101);
  socket.end();
});

test("a list that nobody told this process of ends what is open all the same, within five seconds [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const socket = openSocket(platform, client);
  expect(await socket.opened).toBe(101);
  const access = JSON.stringify({ addresses: elsewhere, requiresMfa: false });
  await platform.api.runtime.writer.commit([sql`update ${orgs} set access = ${access}`]);
  let code: number | null = null;
  void socket.closed.then((closed) => (code = closed));
  await expect.poll(() => code, bar).toBe(1012);
  expect(await openSocket(platform, client).opened).toBe(403);
});

test("who was shut out is let in again when the operator clears the list", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { orgId } = await client.api.orgs.current.query();
  await client.api.orgs.setAddresses.mutate({ addresses: ["198.51.100.0/24"], shutsMeOut: true });
  expect((await refusalOf(client.api.orgs.current.query())).code).toBe("ADDRESS_REFUSED");
  expect(await clearAddresses(platform.api.runtime, orgId)).toBe(true);
  expect((await client.api.orgs.access.query()).addresses).toEqual([]);
});

test("addresses are kept in one spelling; what is none is refused, and a list that keeps me in is not asked about", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const { yourAddress } = await api.orgs.access.query();
  const addresses = ["::ffff:127.0.0.1", "127.0.0.9/8", "2001:DB8::1/32", "::1", "127.0.0.0/8"];
  const kept = await api.orgs.setAddresses.mutate({ addresses });
  expect(kept).toEqual({
    addresses: ["127.0.0.0/8", "127.0.0.1/32", "2001:db8::/32", "::1/128"],
    requiresMfa: false,
    yourAddress,
  });
  for (const wrong of ["127.0.0.1/99", "0177.0.0.1", "localhost", "10.0.0.0/8; drop"]) {
    expect((await refusalOf(api.orgs.setAddresses.mutate({ addresses: [wrong] }))).code).toBe("BAD_REQUEST");
  }
});

test("who has no second factor cannot demand one, and is let into no org that does, except to the own account", async () => {
  await using platform = await TestApi.start();
  const { client, api, serverId } = await platform.withWorkspace();
  expect((await refusalOf(api.orgs.setMfaRequired.mutate({ isRequired: true }))).code).toBe("MFA_REQUIRED");
  const open = openSocket(platform, client);
  expect(await open.opened).toBe(101);
  const access = JSON.stringify({ addresses: [], requiresMfa: true });
  await platform.api.runtime.writer.commit([sql`update ${orgs} set access = ${access}`]);
  expect(await open.closed).toBe(1012);
  for (const call of [
    api.orgs.current.query(),
    api.orgs.rename.mutate({ name: "Mine" }),
    api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] }),
  ])
    expect((await refusalOf(call)).code).toBe("MFA_REQUIRED");
  expect(await openSocket(platform, client).opened).toBe(403);
  expect((await api.auth.state.query()).me?.orgName).toBe("Orchard");
  expect((await api.orgs.list.query()).orgs).toHaveLength(1);
  await api.orgs.create.mutate({ name: "Without" });
  expect((await api.orgs.current.query()).requiresMfa).toBe(false);
});

test("who has an authenticator app may demand a second factor, is let in, and so is a member who sets one up", async () => {
  await using platform = await TestApi.start();
  const { client, api } = await platform.withWorkspace();
  await setUpTotp(client);
  expect(await api.orgs.setMfaRequired.mutate({ isRequired: true })).toMatchObject({ requiresMfa: true });
  expect((await api.orgs.current.query()).requiresMfa).toBe(true);
  expect(await openSocket(platform, client).opened).toBe(101);
  const { link } = await api.invitations.create.mutate({ email: "grace@example.com", role: "viewer" });
  const member = platform.client();
  const token = link.split("#token=")[1] ?? "";
  await member.api.invitations.acceptAsNew.mutate({ token, password: "a barge of quiet lanterns" });
  expect((await refusalOf(member.api.servers.list.query())).code).toBe("MFA_REQUIRED");
  await member.api.account.startTotp.mutate();
  // One that is not confirmed counts for nothing.
  expect((await refusalOf(member.api.servers.list.query())).code).toBe("MFA_REQUIRED");
  await setUpTotp(member);
  expect(await member.api.servers.list.query()).toHaveLength(1);
});

async function setUpTotp({ api }: QuarterdeckClient): Promise<void> {
  const { secret } = await api.account.startTotp.mutate();
  await api.account.confirmTotp.mutate({ code: new TOTP({ secret: Secret.fromBase32(secret) }).generate() });
}

import { enrolmentMs } from "@quarterdeck/core/protocol/enrolment";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries, enrolments } from "../src/db/schema.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { newId, TestApi, tokenIn } from "./test-api.ts";

async function postEnrol(platform: TestApi, body: unknown): Promise<{ status: number; code: string }> {
  const response = await fetch(`${platform.origin}/enrol`, { method: "POST", body: JSON.stringify(body) });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, code: code ?? "none" };
}

test("the command of the console enrols a server, which then appears as new and registered at the relay", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const made = await api.servers.createEnrolment.mutate({});
  const { origin } = platform;
  expect(made.command).toMatch(
    new RegExp(
      `^npx --yes ${origin}/install/quarterdeck-bridge.tgz connect --url ${origin} --token qd_enrol_\\S+ --platform-key SHA256:\\S+$`,
    ),
  );
  expect(await api.servers.enrolment.query({ enrolmentId: made.enrolmentId })).toMatchObject({
    state: "waiting",
    serverId: null,
  });
  const bridge = await FakeBridge.create();
  const answer = await bridge.enrol(origin, tokenIn(made.command));
  expect(answer).toMatchObject({
    relayUrl: origin.replace("http", "ws"),
    platformKeys: platform.api.runtime.keys.platform.set,
  });
  expect(await api.servers.enrolment.query({ enrolmentId: made.enrolmentId })).toMatchObject({
    state: "used",
    serverId: answer.serverId,
  });
  const [entry] = await platform.relay.hasEntries(answer.serverId, 1);
  expect(entry).toMatchObject({ kind: "register", position: 1, orgId: answer.orgId, publicKey: bridge.publicKey });
  expect(await api.servers.get.query({ serverId: answer.serverId })).toMatchObject({
    name: "box",
    status: "new",
    isThisMachine: false,
    capabilities: null,
  });
});

test("a wrong, an expired and a used token are refused and recorded, and make no server [W5]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const { db, client } = platform.api.database;
  const bridge = await FakeBridge.create();
  expect(await postEnrol(platform, await bridge.enrolRequest("qd_enrol_wrong"))).toEqual({
    status: 401,
    code: "TOKEN_INVALID",
  });

  const late = await api.servers.createEnrolment.mutate({});
  await client.batch(
    [{ sql: "update enrolments set expiresAtMs = ? where enrolmentId = ?", args: [Date.now(), late.enrolmentId] }],
    "write",
  );
  expect(await postEnrol(platform, await bridge.enrolRequest(tokenIn(late.command)))).toEqual({
    status: 401,
    code: "TOKEN_EXPIRED",
  });
  expect((await api.servers.enrolment.query({ enrolmentId: late.enrolmentId })).state).toBe("expired");

  const used = await api.servers.createEnrolment.mutate({});
  await bridge.enrol(platform.origin, tokenIn(used.command));
  const thief = await FakeBridge.create();
  expect(await postEnrol(platform, await thief.enrolRequest(tokenIn(used.command)))).toEqual({
    status: 401,
    code: "TOKEN_USED",
  });
  expect(await api.servers.list.query()).toHaveLength(1);
  const refused = await db.select().from(auditEntries).where(eq(auditEntries.outcome, "refused"));
  expect(refused.map((entry) => entry.detail)).toEqual(["TOKEN_INVALID", "TOKEN_EXPIRED", "TOKEN_USED"]);
});

test("of two bridges with one token only one is enrolled [W5]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const token = tokenIn((await api.servers.createEnrolment.mutate({})).command);
  const bridges = await Promise.all([FakeBridge.create(), FakeBridge.create(), FakeBridge.create()]);
  const enrolled = await Promise.allSettled(bridges.map((bridge) => bridge.enrol(platform.origin, token)));
  expect(enrolled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await api.servers.list.query()).toHaveLength(1);
});

test("a bridge that lost the answer asks again with its key and gets the same server [F1]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const token = tokenIn((await api.servers.createEnrolment.mutate({})).command);
  const bridge = await FakeBridge.create();
  const first = await bridge.enrol(platform.origin, token);
  const second = await bridge.enrol(platform.origin, token);
  expect(second.serverId).toBe(first.serverId);
  expect(
    platform.relay.entriesOf(first.serverId).filter((entry) => entry.kind === "register").length,
  ).toBeLessThanOrEqual(1);
});

test("a request that another key signed is refused and leaves the token usable [W5]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const token = tokenIn((await api.servers.createEnrolment.mutate({})).command);
  const [bridge, other] = [await FakeBridge.create(), await FakeBridge.create()];
  const forged = await other.enrolRequest(token, { publicKey: bridge.publicKey });
  expect((await postEnrol(platform, forged)).code).toBe("SIGNATURE_INVALID");
  const changed = { ...(await bridge.enrolRequest("x")), signed: (await bridge.enrolRequest(token)).signed };
  expect((await postEnrol(platform, changed)).code).toBe("SIGNATURE_INVALID");
  expect((await postEnrol(platform, { alg: "none", signed: "{}" })).code).toBe("BAD_REQUEST");
  await bridge.enrol(platform.origin, token);
});

test("only the token's hash is stored, and it lasts fifteen minutes", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const { command, expiresAtMs } = await api.servers.createEnrolment.mutate({});
  const [row] = await platform.api.database.db.select().from(enrolments);
  expect(JSON.stringify(row)).not.toContain(tokenIn(command));
  expect(expiresAtMs - (row?.createdAtMs ?? 0)).toBe(enrolmentMs);
});

test("a host name that is no name becomes one; letters of any script stay", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  for (const [hostname, name] of [
    ["../x", "Server"],
    ["", "Server 2"],
    ["хост", "хост"],
  ] as const) {
    const token = tokenIn((await api.servers.createEnrolment.mutate({})).command);
    const bridge = await FakeBridge.create();
    expect((await postEnrol(platform, await bridge.enrolRequest(token, { hostname }))).status).toBe(200);
    expect((await api.servers.list.query()).at(-1)?.name).toBe(name);
  }
});

test("this machine gets a token before there is an account, once", async () => {
  await using platform = await TestApi.start();
  const ask = async () =>
    (await platform.internal("/internal/enrolments", { name: "This machine", isThisMachine: true })).json();
  const { token } = (await ask()) as { token: string };
  const { serverId } = await (await FakeBridge.create()).enrol(platform.origin, token);
  expect(await ask()).toEqual({ serverId });
  const { api } = await platform.signedUp();
  expect(await api.servers.list.query()).toMatchObject([{ serverId, isThisMachine: true, name: "This machine" }]);
});

test("this machine can be connected anew after it was removed", async () => {
  await using platform = await TestApi.start();
  const ask = async () =>
    (await platform.internal("/internal/enrolments", { name: "This machine", isThisMachine: true })).json();
  const { token } = (await ask()) as { token: string };
  const { serverId: removed } = await (await FakeBridge.create()).enrol(platform.origin, token);
  const { api } = await platform.signedUp();
  await api.servers.revoke.mutate({ serverId: removed });
  const again = (await ask()) as { token: string };
  const { serverId } = await (await FakeBridge.create()).enrol(platform.origin, again.token);
  expect(serverId).not.toBe(removed);
  expect(await ask()).toEqual({ serverId });
});

test("the internal address answers nobody without a key [T1]", async () => {
  await using platform = await TestApi.start();
  for (const headers of [{}, { authorization: "Bearer wrong" }]) {
    const response = await fetch(`${platform.api.internalOrigin}/internal/setup-link`, { headers });
    expect(response.status).toBe(401);
  }
});

test("what the relay holds opens nothing of the operator's, and the other way round [T1]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const { serviceKey, operatorKey } = platform.api.runtime.keys;
  const ask = async (path: string, key: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await fetch(`${platform.api.internalOrigin}${path}`, { headers, ...init })).status;
  };
  for (const path of ["/internal/setup-link", "/internal/keys", "/internal/admin/users", "/relay/../internal/keys"]) {
    expect([path, await ask(path, serviceKey)]).toEqual([path, 401]);
    expect([path, await ask(path, operatorKey)]).toEqual([path, 200]);
  }
  const email = "ada@example.com";
  expect(await ask("/internal/admin/password-reset", serviceKey, { email })).toBe(401);
  expect(await ask("/internal/admin/operators", serviceKey, { email, isOperator: true })).toBe(401);
  expect(await ask("/internal/drain", serviceKey, {})).toBe(401);
  const reports = { serverId: newId("server"), stream: "stream", reports: [] };
  expect(await ask("/relay/reports", operatorKey, reports)).toBe(401);
});

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { AnyProcedure } from "@trpc/server";
import { asc, eq } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { appRouter } from "../src/app-router.ts";
import { auditEntries, orgs, users } from "../src/db/schema.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import type { Declaration } from "../src/trpc.ts";
import { newId, owner, refusalOf, TestApi } from "./test-api.ts";

// Who runs the platform: what an operator may, how one becomes one, and that a tenant's content is not among it.

const procedures = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>);
const operated = procedures.filter(([, made]) => (made._def.meta as Declaration).scope === "operator");

/** The platform's own entries, without what asked for them. */
async function platformEntries(platform: TestApi): Promise<string[]> {
  const rows = await platform.api.database.db.select().from(auditEntries).orderBy(asc(auditEntries.entryId));
  const own = rows.filter(({ orgId, action }) => orgId === null && action !== "session.create");
  return own.map(({ action, outcome, detail }) => `${action} ${outcome} ${detail}`);
}

function admin(platform: TestApi, ...args: string[]): Promise<{ code: number; text: string }> {
  const script = join(import.meta.dirname, "../src/operator/admin-command.ts");
  return promisify(execFile)(process.execPath, [script, ...args, "--data", platform.dataDir]).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
}

/** Calls a procedure as any client may, whatever its type. */
async function call(
  platform: TestApi,
  client: QuarterdeckClient,
  [path, made]: [string, AnyProcedure],
  input: unknown,
) {
  const headers = { authorization: `Bearer ${client.sessionToken()}`, "content-type": "application/json" };
  const body = JSON.stringify(input);
  const url = `${platform.origin}/trpc/${path}`;
  const response =
    made._def.type === "query"
      ? await fetch(`${url}?input=${encodeURIComponent(body)}`, { headers })
      : await fetch(url, { method: "POST", headers, body });
  return { status: response.status, text: await response.text() };
}

/** A valid input of each; a new procedure must be added here. */
const inputs = (orgId: string): Record<string, unknown> => ({
  "operator.health": undefined,
  "operator.orgs": { after: null },
  "operator.setPlan": { orgId, plan: "premium" },
  "operator.settings": undefined,
  "operator.setSignUp": { isOpen: true },
  "operator.pendingLinks": undefined,
  "operator.keys": undefined,
  "operator.changeKeys": { change: "rotate", fromVersion: 1, isForced: true },
});

test("the first account is the operator, and nobody else is", async () => {
  await using platform = await TestApi.start();
  const first = await platform.signedUp();
  const other = await platform.outsider("owner");
  expect(await first.api.operator.standing.query()).toEqual({ isOperator: true });
  expect(await other.api.operator.standing.query()).toEqual({ isOperator: false });
});

describe("what an operator may", () => {
  test.each(operated)(
    "%s is refused to the owner of an org, on record, and without a session [T1]",
    async (...made) => {
      await using platform = await TestApi.start();
      await platform.signedUp();
      const other = await platform.outsider("owner");
      const { orgId } = await other.api.orgs.current.query();
      const input = inputs(orgId)[made[0]];
      const before = await platform.api.database.db.select().from(orgs);
      expect(await call(platform, other, made, input)).toMatchObject({ status: 403 });
      expect(await call(platform, platform.client(), made, input)).toMatchObject({ status: 401 });
      // What changes something is on record whoever tried it; of what only reads, who is signed in.
      const codes = made[1]._def.type === "mutation" ? ["FORBIDDEN", "UNAUTHENTICATED"] : ["FORBIDDEN"];
      expect(await platformEntries(platform)).toEqual(codes.map((code) => `${made[0]} refused ${code}`));
      expect(await platform.api.database.db.select().from(orgs)).toEqual(before);
    },
  );

  test("no answer to an operator has anything of what tenants keep [E1]", async () => {
    await using platform = await TestApi.start();
    const operator = await platform.signedUp();
    const tenant = await platform.outsider("owner");
    const { api, workspaceId, serverId, bridge } = await platform.withWorkspace(tenant);
    const { orgId } = await api.orgs.current.query();
    const canary = (name: string) => `canary-${name}-7f3a`;
    await api.servers.rename.mutate({ serverId, name: canary("server") });
    await api.workspaces.create.mutate({ name: canary("workspace"), serverId });
    const url = `https://example.com/${canary("repository")}.git`;
    const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: canary("project"), url });
    const params = { program: "echo", args: [canary("argument")] };
    const ids = { workspaceId, projectId: project.projectId, taskId: newId("task") };
    await api.tasks.submit.mutate({ ...ids, action: "exec", params });
    platform.relay.faults.push("fail", "fail", "fail"); // So that an outbox is behind, which the page shows.
    await api.tasks.submit.mutate({ ...ids, taskId: newId("task"), action: "exec", params });
    expect(operated.map(([path]) => path).sort()).toEqual(Object.keys(inputs(orgId)).sort());

    const answers: string[] = [];
    for (const made of operated) {
      const { status, text } = await call(platform, operator, made, inputs(orgId)[made[0]]);
      expect({ path: made[0], status }).toEqual({ path: made[0], status: 200 });
      answers.push(text);
    }
    for (const verb of ["health", "users", "orgs"]) answers.push((await admin(platform, verb)).text);
    const all = answers.join("\n");
    expect(all).toContain(orgId);
    const stored = await platform.api.database.client.execute(`select "sealedKey" as key from stream_keys`);
    expect(stored.rows.length).toBeGreaterThan(0);
    const secrets = [
      ...stored.rows.map(({ key }) => key as string),
      ...(await platform.api.database.db.select().from(users)).map(({ passwordHash }) => passwordHash),
      platform.api.runtime.keys.serviceKey,
      platform.api.runtime.keys.operatorKey,
      bridge.publicKey,
      owner.password,
    ].filter((secret) => secret !== "none");
    for (const secret of secrets) expect(all).not.toContain(secret);
    expect(all).not.toContain("7f3a");
    expect(all).not.toContain("example.com/");
    expect(all).not.toContain("pkcs8");
  });

  test("a plan, sign-up and the keys are changed in one unit with the platform's entry, and the org reads of its plan", async () => {
    await using platform = await TestApi.start();
    const { api } = await platform.signedUp();
    const tenant = await platform.outsider("owner");
    const { orgId } = await tenant.api.orgs.current.query();
    await api.operator.setPlan.mutate({ orgId, plan: "basic" });
    await api.operator.setPlan.mutate({ orgId, plan: "basic" }); // Changes nothing, so there is nothing to record.
    expect((await api.operator.orgs.query({ after: null })).orgs).toContainEqual(
      expect.objectContaining({ orgId, plan: "basic", members: 1 }),
    );
    expect(await api.operator.settings.query()).toEqual({ isSignUpOpen: false });
    expect(await api.operator.setSignUp.mutate({ isOpen: true })).toEqual({ isSignUpOpen: true });
    const { version } = await api.operator.keys.query();
    const rotated = await api.operator.changeKeys.mutate({ change: "rotate", fromVersion: version, isForced: false });
    expect(rotated.version).toBe(version + 1);
    expect(await platformEntries(platform)).toEqual([
      "org.setPlan done basic",
      "operator.orgs done read",
      "operator.settings done read",
      "platform.setSignUp done open",
      "operator.keys done read",
      `keys.ask.rotate done version ${version}`,
      `keys.rotate done version ${version + 1}`,
    ]);
    const ofOrg = await platform.api.database.db.select().from(auditEntries).where(eq(auditEntries.orgId, orgId));
    expect(ofOrg).toEqual([
      expect.objectContaining({ action: "org.setPlan", actor: "platform", detail: "basic", address: null }),
    ]);
    const unknown = api.operator.setPlan.mutate({ orgId: newId("org"), plan: "basic" });
    expect((await refusalOf(unknown)).code).toBe("NOT_FOUND");
  });

  test("orgs come a page at a time, each once", async () => {
    await using platform = await TestApi.start();
    const { api } = await platform.signedUp();
    for (let made = 0; made < 4; made++) await platform.outsider();
    const seen: string[] = [];
    for (let after: Awaited<ReturnType<typeof api.operator.orgs.query>>["next"] = null; ; ) {
      const page = await api.operator.orgs.query({ after, limit: 2 });
      seen.push(...page.orgs.map(({ orgId }) => orgId));
      if (page.next === null) break;
      after = page.next;
    }
    expect(seen).toEqual((await platform.api.database.db.select().from(orgs)).map(({ orgId }) => orgId).sort());
  });

  test("the health page tells which server's outbox is behind, whether the relay answers, and what bridges are in use", async () => {
    await using platform = await TestApi.start();
    const { api, serverId, workspaceId } = await platform.withWorkspace();
    await platform.relay.stop();
    await api.tasks.submit.mutate({
      taskId: newId("task"),
      workspaceId,
      projectId: null,
      action: "exec",
      params: { program: "echo", args: [] },
    });
    const health = await api.operator.health.query();
    expect(health.relay.isReachable).toBe(false);
    expect(health.outbox.waiting).toBeGreaterThanOrEqual(1);
    expect(health.outbox.worst).toEqual([expect.objectContaining({ serverId, waiting: health.outbox.waiting })]);
    expect(health.outbox.worst[0]!.oldestAtMs).toBeGreaterThan(0);
    expect(health.versions.bridges).toEqual([{ version: expect.any(String), servers: 1 }]);
    expect(health.database.sizeBytes).toBeGreaterThan(0);
    await platform.relay.start();
    expect((await api.operator.health.query()).relay.isReachable).toBe(true);
  });
});

describe("quarterdeck admin", () => {
  test("makes operators and unmakes them, but never the last one; what is taken is gone with the next call", async () => {
    await using platform = await TestApi.start();
    await platform.signedUp();
    const other = await platform.outsider();
    const { email } = (await other.api.auth.state.query()).me!;
    expect(await admin(platform, "remove-operator", owner.email)).toMatchObject({
      code: 2,
      text: expect.stringContaining("the only operator"),
    });
    expect(await admin(platform, "make-operator", email)).toMatchObject({ code: 0 });
    await other.api.operator.settings.query();
    expect((await admin(platform, "users")).text).toMatch(new RegExp(`${email} {2}1 org {2}operator`));
    expect(await admin(platform, "remove-operator", email)).toMatchObject({ code: 0 });
    expect((await refusalOf(other.api.operator.settings.query())).code).toBe("FORBIDDEN");
    expect(await platformEntries(platform)).toEqual([
      "operator.give done null",
      "operator.settings done read",
      "operator.take done null",
      "operator.settings refused FORBIDDEN",
    ]);
  });

  test("signs an account out everywhere at once, which nobody else notices [T5]", async () => {
    await using platform = await TestApi.start();
    const client = await platform.signedUp();
    const { serverId } = await platform.connectServer(client);
    const elsewhere = platform.client();
    await elsewhere.api.auth.signIn.mutate(owner);
    const other = await platform.outsider();
    expect(await admin(platform, "sign-out", owner.email)).toEqual({
      code: 0,
      text: "ada@example.com is signed out everywhere: 2 sessions ended.\n",
    });
    for (const one of [client, elsewhere])
      expect((await refusalOf(one.api.account.get.query())).code).toBe("UNAUTHENTICATED");
    await other.api.account.get.query();
    await platform.relay.until(() => platform.relay.revocations.some((told) => told.serverId === serverId));
    expect(await platformEntries(platform)).toEqual(["operator.signOut done null"]);
    expect((await client.api.auth.signIn.mutate(owner)).step).toBe("done");
    expect(await admin(platform, "sign-out", "nobody@example.com")).toMatchObject({ code: 2 });
  });

  test("lets an org in again that has shut itself out, and shows which is to be deleted", async () => {
    await using platform = await TestApi.start();
    const { api } = await platform.signedUp();
    const { orgId } = await api.orgs.current.query();
    await api.orgs.setAddresses.mutate({ addresses: ["198.51.100.0/24"], shutsMeOut: true });
    expect((await refusalOf(api.orgs.current.query())).code).toBe("ADDRESS_REFUSED");
    expect(await admin(platform, "clear-allow-list", "Orchard")).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^Members of Orchard \(org_\w+\) are let in from every address\.\n$/),
    });
    expect((await api.orgs.access.query()).addresses).toEqual([]);
    expect(await platformEntries(platform)).toEqual(["org.clearAllowList done null"]);
    const ofOrg = await platform.api.database.db.select().from(auditEntries).where(eq(auditEntries.orgId, orgId));
    expect(ofOrg).toContainEqual(
      expect.objectContaining({ action: "org.setAccess", actor: "platform", outcome: "done", address: null }),
    );
    expect(await admin(platform, "clear-allow-list", "Nobody")).toMatchObject({ code: 2 });

    const listed = async () => (await api.operator.orgs.query({ after: null })).orgs[0]?.deleteAtMs;
    expect(await listed()).toBeNull();
    const { deleteAtMs } = await api.orgs.requestDeletion.mutate({ name: "Orchard" });
    expect(await listed()).toBe(deleteAtMs);
    const day = new Date(deleteAtMs ?? 0).toISOString().slice(0, 10);
    expect((await admin(platform, "orgs")).text).toContain(`; DELETED ON ${day}`);
  });

  test("sets plans and sign-up, shows orgs and health, and says what to do when it is called wrongly", async () => {
    await using platform = await TestApi.start();
    const { api } = await platform.signedUp();
    expect(await admin(platform, "set-plan", "Orchard", "premium")).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^Orchard \(org_\w+\) is on the plan premium\.\n$/),
    });
    expect((await admin(platform, "orgs")).text).toMatch(/premium +Orchard: 1 members/);
    expect(await admin(platform, "sign-up", "on")).toMatchObject({ code: 0 });
    expect(await api.operator.settings.query()).toEqual({ isSignUpOpen: true });
    expect((await admin(platform, "health")).text).toMatch(/database +answers in .* MiB\nrelay +answers/);
    const wrong: [string[], RegExp][] = [
      [["set-plan", "Nobody", "basic"], /There is no org "Nobody".*admin orgs/],
      [["set-plan", "Orchard", "gold"], /"gold" is none of basic, premium, enterprise/],
      [["set-plan", "Orchard"], /admin --help/],
      [["sign-up"], /on\|off is missing/],
      [["make-operator", "nobody@example.com"], /There is no account nobody@example.com.*admin users/],
      [["steal"], /There is no command "steal"[\s\S]*usage:/],
      [["constructor"], /There is no command "constructor"/],
      [["users", "--fast"], /Unknown option '--fast'/],
    ];
    for (const [args, message] of wrong) {
      expect(await admin(platform, ...args)).toEqual({ code: 2, text: expect.stringMatching(message) });
    }
    // Two orgs of one name.
    await platform.outsider();
    await platform.outsider();
    expect((await admin(platform, "set-plan", "Other", "basic")).text).toContain("Several orgs");
    await platform.api.stop();
    expect(await admin(platform, "users")).toMatchObject({
      code: 2,
      text: expect.stringMatching(/No platform runs on .*npm start/),
    });
  });
});

import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyProcedure } from "@trpc/server";
import { actionNames } from "@quarterdeck/core/actions/catalogue";
import type { ArchivedProject } from "@quarterdeck/core/protocol/archive-report";
import type {
  ApiKeyId,
  OrgId,
  ProjectId,
  RunId,
  ServerId,
  ShareId,
  TaskId,
  UserId,
  WorkspaceId,
} from "@quarterdeck/core/ids";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appRouter } from "../src/app-router.ts";
import type { Declaration } from "../src/trpc.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { toReady } from "../src/db/ready-statement.ts";
import { archives, auditEntries, auditWitnesses, totpSecrets } from "../src/db/schema.ts";
import type { StatementOutcome, Unit } from "../src/writer.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, owner, refusalOf, TestApi, type UnnumberedReport } from "./test-api.ts";

// Each mutation of the router, called so that it changes something: its entry is in the unit of the change, and says who, what, on
// what, from where and with what outcome. And called by who may not: the refusal is there.

type Api = QuarterdeckClient["api"];

interface Written {
  readonly sql: string;
  readonly rowsChanged: number;
}

interface World {
  readonly api: Api;
  readonly orgId: OrgId;
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
  readonly spareProjectId: ProjectId;
  readonly submit: () => Promise<{ taskId: TaskId; runId: RunId }>;
  readonly end: (runId: RunId, verdict: "cancelled" | "indeterminate") => Promise<unknown>;
  readonly putArchive: (projectId: ProjectId | null) => Promise<RunId>;
  readonly memberId: UserId;
  readonly service: () => Promise<{
    readonly account: { readonly serviceAccountId: UserId; readonly placeId: OrgId | WorkspaceId | ProjectId };
    readonly keyId: ApiKeyId;
  }>;
  readonly offer: () => Promise<{ readonly shareId: ShareId }>;
}

const online: UnnumberedReport = {
  kind: "online",
  epoch: 2,
  bootId: "b",
  capabilities: { ...capabilities, driver: "cgroup", actions: [...actionNames] },
};

let platform: TestApi;
let world: World;
let folder: string;
const written: Written[][] = [];

/** The units that are written from now on, with what each statement changed. */
function watchWriter({ api }: TestApi): void {
  const { writer } = api.runtime;
  for (const name of ["commit", "commitSoon"] as const) {
    const original = writer[name].bind(writer);
    writer[name] = async (unit: Unit): Promise<StatementOutcome[]> => {
      const texts = unit
        .map((statement) => toReady(statement))
        .map((ready) => (typeof ready === "string" ? ready : ready.sql));
      const outcomes = await original(unit);
      written.push(texts.map((text, index) => ({ sql: text, rowsChanged: outcomes[index]?.rowsChanged ?? 0 })));
      return outcomes;
    };
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-release-"));
  const tarball = join(folder, "bridge.tgz");
  const bytes = Buffer.from("the bytes of a package");
  await writeFile(tarball, bytes);
  const manifest = {
    v: 1,
    version: "0.2.0",
    sha256: createHash("sha256").update(bytes).digest("base64url"),
    sizeBytes: bytes.length,
    actions: [...actionNames],
    features: ["drain"],
    minimalProtocol: { major: 1, minor: 0 },
  };
  await writeFile(`${tarball}.json`, JSON.stringify(manifest));
  platform = await TestApi.start({ QUARTERDECK_BRIDGE_TARBALL: tarball });
  watchWriter(platform);
}, 30_000);

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function furnish(api: Api, serverId: ServerId, workspaceId: WorkspaceId): Promise<World> {
  await platform.report(serverId, online);
  const { orgId } = await api.orgs.current.query();
  const { db } = platform.api.database;
  const create = (name: string) =>
    api.projects.createFromGit.mutate({ workspaceId, name, url: "https://example.com/a.git" });
  const [{ project }, { project: spare, task: clone }] = [await create("one"), await create("two")];
  const submit = () =>
    api.tasks.submit.mutate({
      taskId: newId("task"),
      workspaceId,
      projectId: null,
      action: "exec",
      params: { program: "echo", args: [] },
    });
  const end = (runId: RunId, verdict: "cancelled" | "indeterminate") =>
    platform.report(serverId, { kind: "ended", runId, verdict, code: "BRIDGE_STATE_LOST", message: "" });
  const putArchive = async (projectId: ProjectId | null) => {
    const { taskId } = await submit();
    const archiveId = newId("run");
    const projects: readonly ArchivedProject[] = [];
    const row = {
      archiveId,
      orgId,
      workspaceId,
      projectId,
      serverId,
      taskId,
      sizeBytes: 1,
      sha256: "a".repeat(64),
      projects,
      madeAtMs: 1,
    };
    await platform.api.runtime.writer.commit([db.insert(archives).values(row)]);
    return archiveId;
  };
  for (const { runId } of (await api.tasks.list.query({ workspaceId })).tasks)
    if (runId !== clone.runId) await end(runId, "cancelled");
  const member = await platform.memberOf(orgId, "developer");
  const memberId = (await member.api.auth.state.query()).me!.userId;
  return {
    api,
    orgId,
    serverId,
    workspaceId,
    projectId: project.projectId,
    spareProjectId: spare.projectId,

    submit,
    end,
    putArchive,
    memberId,
    async service() {
      const name = newId("workspace").slice(-8);
      const { account } = await api.serviceAccounts.create.mutate({ placeId: orgId, name, role: "viewer" });
      const { serviceAccountId, placeId, keys } = account;
      return { account: { serviceAccountId, placeId }, keyId: keys[0]!.keyId };
    },
    offer: () => api.sharing.offer.mutate({ serverId, label: "Hall", limits: {}, weight: 1 }),
  };
}

/** Ends everything that is under way in the workspace, as archives need it. */
async function endAll({ api, workspaceId, end }: World): Promise<void> {
  await platform.api.runtime.writer.commit([sql`update projects set state = 'ready'`]);
  for (const { runId, state } of (await api.tasks.list.query({ workspaceId })).tasks)
    if (state !== "ended") await end(runId, "cancelled");
}

/** How each mutation is called so that it changes something, in this order; it starts from what those before have left. */
const calls: Record<string, (world: World) => Promise<unknown>> = {
  "orgs.rename": ({ api }) => api.orgs.rename.mutate({ name: "Another" }),
  "members.setRole": ({ api, memberId: userId }) => api.members.setRole.mutate({ userId, role: "admin" }),
  "members.setGrant": ({ api, memberId: userId, workspaceId: placeId }) =>
    api.members.setGrant.mutate({ userId, placeId, role: "admin" }),
  "members.removeGrant": ({ api, memberId: userId, workspaceId: placeId }) =>
    api.members.removeGrant.mutate({ userId, placeId }),
  "members.remove": ({ api, memberId: userId }) => api.members.remove.mutate({ userId }),
  "servers.rename": ({ api, serverId }) => api.servers.rename.mutate({ serverId, name: "Another" }),
  "servers.createEnrolment": ({ api }) => api.servers.createEnrolment.mutate({}),
  "servers.acknowledgeAuditAlert": async ({ api, serverId, orgId }) => {
    const { db } = platform.api.database;
    const row = { serverId, orgId, conflictSeq: 1, conflictHash: "h", conflictAtMs: 1 };
    await platform.api.runtime.writer.commit([db.insert(auditWitnesses).values(row)]);
    return api.servers.acknowledgeAuditAlert.mutate({ serverId, seq: 1, atMs: 1 });
  },
  "servers.acknowledgeLimitAlert": async ({ api, serverId, orgId, workspaceId }) => {
    await platform.api.runtime.writer.commit([
      sql`insert into limit_reports ("serverId", "orgId", "saidAtMs", "atMs", mark, driver, limited)
        values (${serverId}, ${orgId}, 1, 1, 'm', 'cgroup', '[]') on conflict do nothing`,
      sql`insert into limit_evidence ("serverId", "orgId", "nodeId", resource, wanted, actual, state, source, "atMs", "sinceMs")
        values (${serverId}, ${orgId}, ${workspaceId}, 'cpu', 1, 2, 'mismatch', 's', 5, 5)`,
    ]);
    return api.servers.acknowledgeLimitAlert.mutate({ serverId, atMs: 5 });
  },
  "servers.setLabels": ({ api, serverId }) => api.servers.setLabels.mutate({ serverId, labels: ["fast"] }),
  "servers.cordon": ({ api, serverId }) => api.servers.cordon.mutate({ serverId }),
  "servers.uncordon": ({ api, serverId }) => api.servers.uncordon.mutate({ serverId }),
  "servers.revokeEnrolment": async ({ api }) => {
    const { enrolmentId } = await api.servers.createEnrolment.mutate({});
    return api.servers.revokeEnrolment.mutate({ enrolmentId });
  },
  "sharing.offer": ({ offer }) => offer(),
  "sharing.change": async ({ api, offer }) =>
    api.sharing.change.mutate({ shareId: (await offer()).shareId, limits: { cpu: 500 }, weight: 2 }),
  "sharing.withdraw": async ({ api, offer }) =>
    api.sharing.withdraw.mutate({ shareId: (await offer()).shareId, cancelsRuns: true }),
  "sharing.accept": async ({ api }) => {
    const host = await platform.outsider();
    const { serverId } = await platform.connectServer(host);
    const { code } = await host.api.sharing.offer.mutate({ serverId, label: "Hall", limits: {}, weight: 1 });
    return api.sharing.accept.mutate({ code, name: "Their box" });
  },
  "serviceAccounts.create": ({ service }) => service(),
  "serviceAccounts.setRights": async ({ api, service }) =>
    api.serviceAccounts.setRights.mutate({ ...(await service()).account, role: "developer" }),
  "serviceAccounts.addKey": async ({ api, service }) => api.serviceAccounts.addKey.mutate((await service()).account),
  "serviceAccounts.rotateKey": async ({ api, service }) => {
    const { account, keyId } = await service();
    return api.serviceAccounts.rotateKey.mutate({ ...account, keyId });
  },
  "serviceAccounts.revokeKey": async ({ api, service }) => {
    const { account, keyId } = await service();
    return api.serviceAccounts.revokeKey.mutate({ ...account, keyId });
  },
  "serviceAccounts.remove": async ({ api, service }) => api.serviceAccounts.remove.mutate((await service()).account),
  "invitations.create": ({ api }) => api.invitations.create.mutate({ email: "one@example.com", role: "viewer" }),
  "invitations.resend": async ({ api }) => {
    const { invitation } = await api.invitations.create.mutate({ email: "two@example.com", role: "viewer" });
    return api.invitations.resend.mutate({ invitationId: invitation.invitationId });
  },
  "invitations.revoke": async ({ api }) => {
    const { invitation } = await api.invitations.create.mutate({ email: "three@example.com", role: "viewer" });
    return api.invitations.revoke.mutate({ invitationId: invitation.invitationId });
  },
  "workspaces.create": ({ api, serverId }) => api.workspaces.create.mutate({ serverId, name: "Third" }),
  "workspaces.freeze": ({ api, workspaceId }) => api.workspaces.freeze.mutate({ workspaceId }),
  "workspaces.thaw": async ({ api, workspaceId }) => {
    await endAll(world); // The freezing.
    return api.workspaces.thaw.mutate({ workspaceId });
  },
  "projects.createFromGit": ({ api, workspaceId }) =>
    api.projects.createFromGit.mutate({ workspaceId, name: "three", url: "https://example.com/b.git" }),
  "projects.retryClone": async ({ api, projectId }) => {
    await platform.api.runtime.writer.commit([
      sql`update projects set state = 'cloneFailed' where "projectId" = ${projectId}`,
    ]);
    return api.projects.retryClone.mutate({ projectId });
  },
  "projects.setTestCommand": ({ api, projectId }) =>
    api.projects.setTestCommand.mutate({ projectId, program: "npm", args: ["t"] }),
  "projects.setNetwork": ({ api, projectId }) =>
    api.projects.setNetwork.mutate({ projectId, network: { mode: "none", hosts: [] } }),
  "projects.setPrograms": ({ api, projectId }) =>
    api.projects.setPrograms.mutate({ projectId, added: ["deno"], installScripts: true }),
  "quotas.set": ({ api, projectId: nodeId }) => api.quotas.set.mutate({ nodeId, limits: { cpu: 1000 } }),
  "quotas.undo": async ({ api, projectId: nodeId }) => {
    const [newest] = await api.quotas.history.query({ nodeId });
    return api.quotas.undo.mutate({ nodeId, historyId: newest!.historyId });
  },
  "quotas.setOvercommit": ({ api, orgId: nodeId }) =>
    api.quotas.setOvercommit.mutate({ nodeId, isOvercommitted: true }),
  "quotas.setWeight": ({ api, projectId: nodeId }) => api.quotas.setWeight.mutate({ nodeId, weight: 3 }),
  "quotas.setLifecycle": ({ api, projectId }) => api.quotas.setLifecycle.mutate({ projectId, state: "maintenance" }),
  "tasks.submit": ({ submit }) => submit(),
  "tasks.setPriority": async ({ api, submit }) =>
    api.tasks.setPriority.mutate({ taskId: (await submit()).taskId, priority: "high" }),
  "tasks.cancel": async ({ api, submit }) => api.tasks.cancel.mutate({ taskId: (await submit()).taskId }),
  "tasks.resolveOutcome": async ({ api, submit, end }) => {
    const { taskId, runId } = await submit();
    await end(runId, "indeterminate");
    return api.tasks.resolveOutcome.mutate({ taskId, outcome: "failed" });
  },
  "archives.setKeptOfProject": ({ api, projectId }) => api.archives.setKeptOfProject.mutate({ projectId, keeps: 2 }),
  "archives.setKeptOfWorkspace": ({ api, workspaceId }) =>
    api.archives.setKeptOfWorkspace.mutate({ workspaceId, keeps: 2 }),
  "archives.archiveProject": ({ api, projectId }) => api.archives.archiveProject.mutate({ projectId }),
  "archives.archiveWorkspace": ({ api, workspaceId }) => api.archives.archiveWorkspace.mutate({ workspaceId }),
  "archives.restoreProject": async ({ api, projectId, putArchive }) => {
    const archiveId = await putArchive(projectId);
    await endAll(world);
    return api.archives.restoreProject.mutate({ projectId, archiveId, replaces: true });
  },
  "archives.restoreWorkspace": async ({ api, workspaceId, putArchive }) => {
    const archiveId = await putArchive(null);
    await endAll(world);
    return api.archives.restoreWorkspace.mutate({ workspaceId, archiveId, replaces: true });
  },
  "archives.deleteOfProject": async ({ api, projectId, putArchive }) => {
    const archiveId = await putArchive(projectId);
    await endAll(world);
    return api.archives.deleteOfProject.mutate({ projectId, archiveId });
  },
  "archives.deleteOfWorkspace": async ({ api, workspaceId, putArchive }) => {
    const archiveId = await putArchive(null);
    await endAll(world);
    return api.archives.deleteOfWorkspace.mutate({ workspaceId, archiveId });
  },
  "updates.updateAll": async ({ api, serverId }) => {
    const { serverId: second } = await platform.connectServer({ api } as QuarterdeckClient);
    await platform.report(second, online);
    return api.updates.updateAll.mutate({ firstServerId: serverId });
  },
  "updates.stop": async ({ api }) => {
    const { rollout } = await api.updates.overview.query();
    return api.updates.stop.mutate({ rolloutId: rollout!.rolloutId });
  },
  "updates.updateServer": async ({ api }) => {
    const { serverId } = await platform.connectServer({ api } as QuarterdeckClient);
    await platform.report(serverId, online);
    return api.updates.updateServer.mutate({ serverId });
  },
  "audit.verify": ({ api }) => api.audit.verify.mutate(),
  "audit.setRetention": ({ api }) => api.audit.setRetention.mutate({ keptDays: 365 }),
  "servers.drain": ({ api, serverId }) => api.servers.drain.mutate({ serverId, cancelsRuns: true }),
  "servers.revoke": ({ api, serverId }) => api.servers.revoke.mutate({ serverId, confirmName: "Another" }),
  "orgs.setAddresses": ({ api }) => api.orgs.setAddresses.mutate({ addresses: ["127.0.0.0/8", "::1/128"] }),
  "orgs.setMfaRequired": async ({ api }) => {
    const { me } = await api.auth.state.query();
    const { db } = platform.api.database;
    const row = { userId: me!.userId, sealedSecret: "", createdAtMs: 1, confirmedAtMs: 1 };
    await platform.api.runtime.writer.commit([db.insert(totpSecrets).values(row)]);
    return api.orgs.setMfaRequired.mutate({ isRequired: true });
  },
  "orgs.requestDeletion": ({ api }) => api.orgs.requestDeletion.mutate({ name: "Another" }),
  "orgs.cancelDeletion": ({ api }) => api.orgs.cancelDeletion.mutate(),
  "orgs.transfer": async ({ api, orgId }) => {
    const heir = await platform.memberOf(orgId, "admin");
    const { me } = await heir.api.auth.state.query();
    return api.orgs.transfer.mutate({ userId: me!.userId });
  },
};

/** Change no row: a ticket is signed, and an offer is read by a code that shall be in no address. */
const changesNothing = ["servers.viewerTicket", "sharing.readOffer"];

// Those of an account and of the operator are tried with what they do: second-factors, sign-in-sessions, operator.
const mutations = Object.entries(appRouter._def.procedures as unknown as Record<string, AnyProcedure>)
  .filter(([, made]) => made._def.type === "mutation" && (made._def.meta as Declaration).scope === "org")
  .map(([path]) => path);

const isEntry = ({ sql: text }: Written) => text.startsWith('insert into "audit_entries"');
const besides = /^\s*(?:insert into|update|delete from) "?(?:audit_entries|audit_refusals|events|outbox)"?/;

/** The units since then that have an entry, each with what else it changed. */
function unitsWithEntry(since: number): Written[][] {
  return written.slice(since).filter((unit) => unit.some((one) => isEntry(one) && one.rowsChanged > 0));
}

const entriesOf = async (actor: string) =>
  (await platform.api.database.db.select().from(auditEntries)).filter((entry) => entry.actor === actor);

test("this knows every mutation of an org", () => {
  expect([...Object.keys(calls), ...changesNothing].toSorted()).toEqual(mutations.toSorted());
});

test("the first account is recorded with what makes it, and its session before it is opened", async () => {
  const client = platform.client();
  const setupToken = await platform.setupToken();
  expect(
    await refusalOf(client.api.auth.setUp.mutate({ ...owner, setupToken: "wrong", orgName: "Orchard" })),
  ).toMatchObject({
    code: "TOKEN_INVALID",
  });
  expect(await entriesOf("anonymous")).toMatchObject([
    {
      action: "auth.setUp",
      outcome: "refused",
      detail: "TOKEN_INVALID",
      orgId: null,
      address: expect.stringMatching(/./),
    },
  ]);
  const since = written.length;
  const { userId } = (await client.api.auth.setUp.mutate({ ...owner, setupToken, orgName: "Orchard" })).account;
  const [unit = []] = unitsWithEntry(since);
  expect(unit.filter((one) => one.rowsChanged > 0 && !besides.test(one.sql)).length).toBeGreaterThan(2);
  const again = platform.client();
  await again.api.auth.signIn.mutate(owner);
  await again.api.auth.signOut.mutate();
  expect((await entriesOf(userId)).map(({ action, outcome, address }) => [action, outcome, address !== null])).toEqual([
    ["org.claim", "done", true],
    ["session.create", "done", true],
    ["session.end", "done", true],
  ]);
  const connected = await platform.withWorkspace(client);
  world = await furnish(client.api, connected.serverId, connected.workspaceId);
}, 30_000);

test.each(Object.entries(calls))("%s leaves its entry in the unit of what it changes", async (path, call) => {
  if (path.startsWith("archives.")) await endAll(world);
  const { userId } = (await world.api.auth.state.query()).me!;
  const before = new Set((await entriesOf(userId)).map(({ entryId }) => entryId));
  const since = written.length;
  await call(world);
  const made = (await entriesOf(userId)).filter(({ entryId }) => !before.has(entryId));
  const entry = made.at(-1);
  expect(entry).toMatchObject({ orgId: world.orgId, actor: userId, outcome: "done" });
  expect(entry?.address).toMatch(/127\.0\.0\.1|::1/);
  expect(entry?.action).toMatch(/^[a-z][a-zA-Z]*\.[a-z][a-zA-Z]*$/);
  expect(entry?.subject).toMatch(/^[a-z]+_[0-9a-z]{26}$/);
  const units = unitsWithEntry(since);
  expect(units.length).toBeGreaterThan(0);
  for (const unit of units) {
    const changed = unit.filter((one) => one.rowsChanged > 0 && !besides.test(one.sql));
    expect(changed.map((one) => one.sql.slice(0, 40))).not.toEqual([]);
  }
});

test("a ticket changes nothing, so it leaves nothing", async () => {
  const { serverId } = await platform.connectServer({ api: world.api } as QuarterdeckClient);
  const since = written.length;
  await world.api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  expect(
    written
      .slice(since)
      .flat()
      .filter((one) => one.rowsChanged > 0 && !/audit_|claims/.test(one.sql)),
  ).toEqual([]);
});

test("each mutation that is refused is recorded, with who, what and why, and once however often it is tried", async () => {
  const { orgId } = world;
  const viewer = await platform.memberOf(orgId, "viewer");
  const { userId } = (await viewer.api.auth.state.query()).me!;
  const headers = { authorization: `Bearer ${viewer.sessionToken()}`, "content-type": "application/json" };
  const paths = [...Object.keys(calls), ...changesNothing];
  const codes = new Map<string, string>();
  for (const path of [...paths, ...paths]) {
    const response = await fetch(`${platform.origin}/trpc/${path}`, {
      method: "POST",
      headers,
      body: '{"nothing":true}',
    });
    const { error } = (await response.json()) as { error: { data: { code: string } } };
    codes.set(path, error.data.code);
  }
  const entries = await entriesOf(userId);
  expect(entries.map(({ action, detail, outcome, orgId: its }) => [action, detail, outcome, its])).toEqual(
    paths.map((path) => [path, codes.get(path), "refused", orgId]),
  );
  expect(entries.every(({ address }) => address !== null)).toBe(true);
});

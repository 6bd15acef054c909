import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { QuarterdeckClient } from "../src/client.ts";
import { members } from "../src/db/schema.ts";
import { exportLines } from "../src/orgs/export.ts";
import { orgTables } from "../src/orgs/org-tables.ts";
import { newId, TestApi } from "./test-api.ts";

const canary = "canary-7f3a91-of-a-secret";
const name = "ıİ مشروع 🚀 می‌خواهم";

interface Line {
  readonly table?: string;
  readonly row?: Record<string, unknown>;
  readonly end?: true;
  readonly counts?: Record<string, number>;
}

const orgIdOf = async ({ api }: QuarterdeckClient) => (await api.orgs.current.query()).orgId;

function download(platform: TestApi, client: QuarterdeckClient) {
  return fetch(`${platform.origin}/export/organization.ndjson`, {
    headers: { authorization: `Bearer ${client.sessionToken()}` },
  });
}

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

async function furnish(platform: TestApi, client: QuarterdeckClient) {
  const fixture = await platform.withWorkspace(client);
  const { api, workspaceId } = fixture;
  await api.projects.createFromGit.mutate({ workspaceId, name, url: "https://example.com/qs.git" });
  const task = { taskId: newId("task"), workspaceId, projectId: null, action: "exec" };
  const params = { program: "echo", args: [] };
  await api.tasks.submit.mutate({ ...task, params, secretInput: { environment: { TOKEN: canary } } });
  const { link } = await api.invitations.create.mutate({ email: "someone@example.com", role: "viewer" });
  await api.servers.createEnrolment.mutate({});
  await api.quotas.set.mutate({ nodeId: workspaceId, limits: { cpu: 1000 } });
  return { ...fixture, link };
}

test("an export has every row of the org in every table, and none of another's [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const own = await furnish(platform, client);
  const other = await furnish(platform, await platform.outsider());
  const [orgId, otherId] = [await orgIdOf(client), await orgIdOf(other.client)];
  const answer = await download(platform, client);
  expect(answer.headers.get("content-disposition")).toContain(orgId);
  const text = await answer.text();
  const lines = linesOf(text);
  const { db } = platform.api.database;
  const counts = lines.at(-1)?.counts ?? {};
  for (const { table, isOf } of orgTables) {
    const [row] = await db.all<{ n: number }>(
      sql`select count(*) as n from ${sql.identifier(table)} where ${isOf(orgId)}`,
    );
    expect([table, counts[table]]).toEqual([table, row?.n]);
    expect(lines.filter((line) => line.table === table)).toHaveLength(row?.n ?? -1);
  }
  for (const table of [
    "workspaces",
    "projects",
    "tasks",
    "servers",
    "members",
    "invitations",
    "quota_nodes",
    "audit_entries",
  ])
    expect(counts[table]).toBeGreaterThan(0);
  for (const id of [otherId, other.serverId, other.workspaceId]) expect(text).not.toContain(id);
  expect(text).toContain(own.workspaceId);
  expect(lines.find(({ table }) => table === "members")?.row?.["email"]).toBe("ada@example.com");
  expect(lines.find(({ table }) => table === "projects")?.row?.["name"]).toBe(name);
});

test("an export has no secret and no key [E1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { link } = await furnish(platform, client);
  const text = await (await download(platform, client)).text();
  for (const secret of [canary, Buffer.from(canary).toString("base64url"), link.split("token=")[1]!])
    expect(text).not.toContain(secret);
  const hidden = linesOf(text).flatMap(({ row = {} }) =>
    Object.keys(row).filter((key) => /token|secret|sealedKey|password/i.test(key)),
  );
  expect(hidden).toEqual([]);
});

test("the columns of every table of orgs are secret or not: what sounds like it is not exported [E1]", async () => {
  await using platform = await TestApi.start();
  for (const { table, omits } of orgTables) {
    const columns = await platform.api.database.db.all<{ name: string }>(
      sql`select name from pragma_table_info(${table})`,
    );
    const secret = columns
      .map((column) => column.name)
      .filter((column) => /token|secret|password|privateKey|sealedKey/i.test(column));
    expect([table, secret.filter((column) => !omits.includes(column))]).toEqual([table, []]);
  }
});

test("only an owner who is let in exports, of the org in which the session works; every try is recorded [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const orgId = await orgIdOf(client);
  expect((await fetch(`${platform.origin}/export/organization.ndjson`)).status).toBe(401);
  for (const role of ["admin", "developer", "viewer"] as const) {
    expect((await download(platform, await platform.memberOf(orgId, role))).status).toBe(403);
  }
  const evil = await fetch(`${platform.origin}/export/organization.ndjson`, {
    headers: { cookie: `quarterdeck=${client.sessionToken()}`, origin: "https://evil.example" },
  });
  expect(evil.status).toBe(403);
  const text = await (await download(platform, client)).text();
  const actions = linesOf(text).flatMap(({ table, row }) => (table === "audit_entries" ? [row?.["action"]] : []));
  expect(actions.filter((action) => action === "org.export")).toHaveLength(4);
});

test("who loses the right while it is sent gets no more of it [T1]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  await furnish(platform, client);
  const { db, writer } = platform.api.runtime;
  const orgId = await orgIdOf(client);
  let isAllowed = true;
  const mayGoOn = () => (isAllowed ? Promise.resolve() : Promise.reject(new Error("removed")));
  const lines = exportLines(db, { orgId, atMs: 0, mayGoOn });
  expect((await lines.next()).done).toBe(false);
  expect((await lines.next()).done).toBe(false);
  isAllowed = false;
  await expect(lines.next()).rejects.toThrow("removed");
  // And the route asks the database: a viewer of now was an owner when it began.
  await writer.commit([sql`update ${members} set role = 'viewer' where ${eq(members.orgId, orgId)}`]);
  expect((await download(platform, client)).status).toBe(403);
});

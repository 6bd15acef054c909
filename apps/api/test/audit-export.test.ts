import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { OrgId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { and, asc, eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { csvCell } from "../src/audit/export-lines.ts";
import { cutOldEntries } from "../src/audit/retention.ts";
import { recordAudit } from "../src/audit/repo.ts";
import { verifyAudit } from "../src/audit/verify-audit.ts";
import { auditCuts, auditEntries } from "../src/db/schema.ts";
import type { Runtime } from "../src/runtime.ts";
import { untilChained } from "./audit-chained.ts";
import { capabilities } from "./fake-bridge.ts";
import { refusalOf, TestApi, type Fixture } from "./test-api.ts";

const able = { ...capabilities, features: ["auditHeads"] };
const online = { kind: "online", epoch: 2, bootId: "b", capabilities: able } as const;
const command = join(import.meta.dirname, "../src/operator/audit-command.ts");

async function download(platform: TestApi, token: string | undefined, file: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${platform.origin}/downloads/${file}`, { headers });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** `quarterdeck audit verify` of a text, in a process of its own. */
async function verify(platform: TestApi, text: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const file = join(platform.dataDir, "export.ndjson");
  await writeFile(file, text);
  return promisify(execFile)(process.execPath, [command, "verify", file, ...args]).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
}

interface Exported extends Fixture {
  readonly orgId: OrgId;
  readonly token: string;
}

/** An org with a few entries, of which a bridge has signed that it was told. */
async function witnessed(platform: TestApi): Promise<Exported> {
  const fixture = await platform.withWorkspace();
  const { client, api, bridge, serverId } = fixture;
  const { orgId } = await api.orgs.current.query();
  await platform.report(serverId, online);
  await platform.relay.until(() => platform.relay.toldHeads.some((told) => told.serverId === serverId));
  const told = platform.relay.toldHeads.find((one) => one.serverId === serverId);
  if (told === undefined) throw new Error("nothing was told");
  await platform.report(serverId, { kind: "heldHeads", ...(await bridge.holds(serverId, [told.head])) });
  await api.orgs.rename.mutate({ name: "Orchard of plums" });
  await untilChained(platform);
  return { ...fixture, orgId, token: client.sessionToken() ?? "" };
}

test("an export is verified without the platform, and names who has signed for it [E2]", async () => {
  await using platform = await TestApi.start();
  const { token, serverId, bridge } = await witnessed(platform);
  const { status, headers, text } = await download(platform, token, "audit.ndjson");
  expect(status).toBe(200);
  expect(headers.get("content-disposition")).toMatch(/^attachment; filename="audit-\d{4}-\d\d-\d\d\.ndjson"$/);
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("ratelimit-policy")).toContain('"org"');
  const verified = await verify(platform, text, "--key", platform.api.runtime.keys.platform.publicKey);
  expect(verified).toMatchObject({ code: 0, text: expect.stringMatching(/^Whole: \d+ entries of org_/) });
  expect(verified.text).toContain(`${serverId} holds entry`);
  expect(verified.text).toContain(bridge.publicKey);
  expect(verified.text).not.toContain("--key");
  // The download itself is an entry.
  await untilChained(platform);
  const later = (await download(platform, token, "audit.ndjson")).text;
  expect(later).toContain('"action":"audit.export"');
  const { code, text: foreign } = await verify(platform, later, "--key", bridge.publicKey);
  expect([code, foreign]).toEqual([2, expect.stringContaining("not signed by the platform")]);
});

const tampering: Record<string, { change: (lines: string[]) => string[]; says: RegExp }> = {
  edited: {
    change: (lines) => lines.with(2, (lines[2] ?? "").replace('"done"', '"refused"')),
    says: /The first bad entry is 2 .*altered/,
  },
  deleted: { change: (lines) => lines.toSpliced(2, 1), says: /The first bad entry is 2 .*outOfOrder/ },
  moved: {
    change: ([header = "", one = "", two = "", three = "", ...rest]) => [header, one, three, two, ...rest],
    says: /The first bad entry is 2 .*outOfOrder/,
  },
  "cut at its end": { change: (lines) => lines.toSpliced(-2, 1), says: /The first bad entry is \d+.*cut/ },
  "cut off": { change: (lines) => lines.slice(0, -1), says: /not complete/ },
  "cut at its end, and the header with it": {
    change([header = "", ...lines]) {
      const kept = lines.slice(0, 2);
      const { seq, hash } = JSON.parse(kept[1] ?? "") as { seq: number; hash: string };
      // Nothing but the platform's word for the newest entry is left to say what is missing.
      const changed = { ...JSON.parse(header), to: { seq, hash }, witnesses: [] };
      return [JSON.stringify(changed), ...kept, '{"end":true,"entries":2}'];
    },
    says: /The first bad entry is 3: cut/,
  },
  "without the platform's word": {
    change: ([header = "", ...lines]) => [JSON.stringify({ ...JSON.parse(header), head: null }), ...lines],
    says: /not signed by the platform/,
  },
  "with an entry of another line": {
    change: (lines) => lines.with(2, '{"seq":2,"detail":"\u001b[2Jnothing"}'),
    says: /The first bad entry is 2: malformed/,
  },
};

test("an export that was changed is found out, and the first bad entry is named [E2]", async () => {
  await using platform = await TestApi.start();
  const { token } = await witnessed(platform);
  const lines = (await download(platform, token, "audit.ndjson")).text.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThan(6);
  for (const [how, { change, says }] of Object.entries(tampering)) {
    const text = `${change([...lines]).join("\n")}\n`;
    expect({ how, ...(await verify(platform, text)) }).toEqual({ how, code: 2, text: expect.stringMatching(says) });
  }
}, 30_000);

test("an export of an old copy of the database is found out by what a server has signed, or by a head that one knows [E2]", async () => {
  await using platform = await TestApi.start();
  const { token, orgId } = await witnessed(platform);
  const newest = (await download(platform, token, "audit.ndjson")).text.trimEnd().split("\n");
  const { to, witnesses } = JSON.parse(newest[0] ?? "") as { to: { seq: number; hash: string }; witnesses: unknown[] };
  const { client } = platform.api.database;
  // The old copy: it ends at 2, and everything in it says so.
  await client.execute(`delete from audit_entries where "orgId" = '${orgId}' and (seq > 2 or seq is null)`);
  await client.execute(
    `update audit_chains set seq = 2, hash = (select hash from audit_entries where "orgId" = '${orgId}' and seq = 2) where "chainId" = '${orgId}'`,
  );
  const held = await client.execute("select * from audit_witnesses");
  expect(held.rows.length).toBe(1);
  expect(witnesses.length).toBe(1);
  const old = (await download(platform, token, "audit.ndjson")).text;
  expect(await verify(platform, old)).toMatchObject({
    code: 2,
    text: expect.stringMatching(/first bad entry is 3: cut/),
  });
  await client.execute("delete from audit_witnesses");
  const forgotten = (await download(platform, token, "audit.ndjson")).text;
  expect(await verify(platform, forgotten)).toMatchObject({
    code: 0,
    text: expect.stringContaining("No server has signed"),
  });
  expect(await verify(platform, forgotten, "--head", `${to.seq}:${to.hash}`)).toMatchObject({
    code: 2,
    text: expect.stringMatching(/first bad entry is \d+: cut/),
  });
});

test("who may not read the audit downloads nothing, and that is recorded [T1]", async () => {
  await using platform = await TestApi.start();
  const { client } = await platform.withWorkspace();
  const { orgId } = await client.api.orgs.current.query();
  const viewer = await platform.memberOf(orgId, "viewer");
  for (const file of ["audit.ndjson", "audit.csv"]) {
    expect((await download(platform, undefined, file)).status).toBe(401);
    expect((await download(platform, viewer.sessionToken() ?? "", file)).status).toBe(403);
  }
  expect((await refusalOf(viewer.api.audit.list.query({}))).code).toBe("FORBIDDEN");
  const { userId } = (await viewer.api.auth.state.query()).me!;
  const { db } = platform.api.runtime;
  const refused = await db.select().from(auditEntries).where(eq(auditEntries.actor, userId));
  expect(refused.map(({ action, outcome }) => [action, outcome])).toEqual([
    ["audit.export", "refused"],
    ["audit.list", "refused"],
  ]);
  const stranger = await platform.outsider();
  const own = (await download(platform, stranger.sessionToken() ?? "", "audit.ndjson")).text;
  expect(own).not.toContain(orgId);
});

test("a table for spreadsheets has one line for each entry and nothing that is calculated or hidden [E2]", async () => {
  await using platform = await TestApi.start();
  const { client } = await platform.withWorkspace();
  const { orgId } = await client.api.orgs.current.query();
  const { runtime } = platform.api;
  const details = [
    '=HYPERLINK("http://evil")',
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "one\r\ntwo",
    "\u202egnp.exe",
    "\u001b[31m",
    '"quoted", and more',
  ];
  const entry = {
    orgId,
    actor: "anonymous",
    address: null,
    action: "test.csv",
    subject: null,
    outcome: "done",
  } as const;
  await runtime.writer.commit(details.map((detail) => recordAudit(runtime, { ...entry, detail })));
  await untilChained(platform);
  const { text, headers } = await download(platform, client.sessionToken() ?? "", "audit.csv?action=test.csv");
  expect(headers.get("content-type")).toBe("text/csv; charset=utf-8");
  const rows = text.trimEnd().split("\r\n");
  expect(rows).toHaveLength(details.length + 1);
  for (const mark of ["\u001b", "\u202e", "\t"]) expect(text).not.toContain(mark);
  for (const row of rows.slice(1)) expect(row).not.toMatch(/(^|,)"[=+\-@\s]/);
  expect(rows[1]).toContain(`"'=HYPERLINK(""http://evil"")"`);
  expect(rows[6]).toContain('"one\\u000d\\u000atwo"');
  expect(["=1", " =1", '"=1', "'-1", "plain", null].map(csvCell)).toEqual([
    `"'=1"`,
    `"' =1"`,
    `"'""=1"`,
    `"''-1"`,
    `"plain"`,
    `""`,
  ]);
});

/** The same in so many days. */
const inDays = (runtime: Runtime, days: number): Runtime => ({
  ...runtime,
  clock: { nowMs: () => runtime.clock.nowMs() + days * dayMs, monotonicMs: () => runtime.clock.monotonicMs() },
});

test("entries that are older than they are kept are deleted, with the platform's word for it, and the rest stays verifiable [E2]", async () => {
  await using platform = await TestApi.start();
  const { api, token, orgId, serverId, bridge } = await witnessed(platform);
  const { runtime } = platform.api;
  const { db } = runtime;
  const before = (await download(platform, token, "audit.ndjson")).text;
  await untilChained(platform);
  await cutOldEntries(inDays(runtime, 4000)); // Nobody has said that anything is to be deleted.
  const entries = () =>
    db
      .select()
      .from(auditEntries)
      .where(and(eq(auditEntries.orgId, orgId)))
      .orderBy(asc(auditEntries.seq));
  const all = await entries();
  expect(all[0]?.seq).toBe(1);
  expect(await refusalOf(api.audit.setRetention.mutate({ keptDays: 29 }))).toMatchObject({ code: "BAD_REQUEST" });
  expect(await api.audit.setRetention.mutate({ keptDays: 30 })).toMatchObject({ keptDays: 30, cut: null });
  await untilChained(platform);

  await cutOldEntries(inDays(runtime, 29));
  expect((await entries())[0]?.seq).toBe(1);
  await cutOldEntries(inDays(runtime, 31));
  await untilChained(platform);
  const { cut, head } = await api.audit.standing.query();
  expect(cut?.seq).toBe(head.seq - 1);
  expect((await entries()).map(({ seq, action, actor }) => [seq, action, actor])).toEqual([
    [head.seq, "audit.cut", "platform"],
  ]);
  expect(await verifyAudit(db, orgId)).toEqual({ head, fault: null });
  const after = (await download(platform, token, "audit.ndjson")).text;
  expect(await verify(platform, after)).toMatchObject({
    code: 0,
    text: expect.stringContaining(`Entries up to ${cut?.seq} were deleted by the org's rule`),
  });
  expect(await verify(platform, before)).toMatchObject({ code: 0 });

  // What a server holds of what was cut accuses nobody.
  const told = platform.relay.toldHeads.find((one) => one.serverId === serverId);
  await platform.report(serverId, { kind: "heldHeads", ...(await bridge.holds(serverId, [told!.head])) });
  expect((await api.servers.get.query({ serverId })).auditAlert).toBeNull();

  // A cut that the platform did not sign, or signed for something else, is none.
  const [header = "", ...rest] = after.trimEnd().split("\n");
  const parsed = JSON.parse(header) as { from: { seq: number } };
  for (const other of [{ cut: null }, { from: { ...parsed.from, seq: parsed.from.seq - 1 } }]) {
    const forged = [JSON.stringify({ ...parsed, ...other }), ...rest].join("\n");
    expect(await verify(platform, forged)).toMatchObject({ code: 2, text: expect.stringContaining("not signed") });
  }
  expect(await db.select().from(auditCuts)).toHaveLength(1);
});

test("a past that was changed is not deleted: a cut hides nothing [E2]", async () => {
  await using platform = await TestApi.start();
  const { api, orgId } = await witnessed(platform);
  await api.audit.setRetention.mutate({ keptDays: 30 });
  await untilChained(platform);
  await platform.api.database.client.execute(
    `update audit_entries set actor = 'usr_other' where "orgId" = '${orgId}' and seq = 2`,
  );
  await cutOldEntries(inDays(platform.api.runtime, 31));
  expect((await api.audit.standing.query()).cut).toBeNull();
  expect(platform.logLines.some((line) => line.includes("the audit is not whole: nothing of it is deleted"))).toBe(
    true,
  );
  const { verified } = await api.audit.verify.mutate();
  expect(verified).toMatchObject({ seq: 1, fault: { kind: "altered", seq: 2 } });
});

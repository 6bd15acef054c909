import { AxeBuilder } from "@axe-core/playwright";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { chain, emptyChain, type AuditRecord, type ChainedRecord } from "@quarterdeck/core/audit/chain";
import { ChainVerifier } from "@quarterdeck/core/audit/verify-chain";
import type { OrgId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { launchBrowser, openPage, takeScreenshot } from "./support/browser.ts";
import { setUp, signIn } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");

function query<T>(file: string, sql: string): T[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all() as T[];
  } finally {
    database.close();
  }
}

const readEntries = (file: string) =>
  query<ChainedRecord & { orgId: OrgId }>(
    file,
    `select * from audit_entries where "orgId" is not null and seq is not null order by seq`,
  );

/** Changes the past as well as somebody can who has the database: every later hash is made anew, and nothing there remembers. */
function forge(file: string, orgId: OrgId, change: (entry: AuditRecord) => AuditRecord): void {
  const forged = chain({ chainId: orgId, sha256 }, emptyChain, readEntries(file).map(change));
  const verifier = new ChainVerifier({ chainId: orgId, sha256 });
  for (const entry of forged) verifier.take(entry);
  expect(verifier.end()).toBeNull();
  const database = new DatabaseSync(file);
  const update = database.prepare("update audit_entries set actor = ?, hash = ? where entryId = ?");
  for (const { actor, hash, entryId } of forged) update.run(actor, hash, entryId);
  database.prepare('update audit_chains set hash = ? where "chainId" = ?').run(forged.at(-1)?.hash ?? "", orgId);
  database.exec("delete from audit_witnesses");
  database.close();
}

it("the audit's past, changed by somebody who has the whole database, is found out by the server that was told of it [E2]", async () => {
  using folder = temporaryFolder();
  const dataDir = join(folder.path, "data");
  const file = join(dataDir, "quarterdeck.db");
  const first = await startQuarterdeck({ dataDir });
  const client = await setUp(first);
  const { orgId } = await client.api.orgs.current.query();
  const told = await waitFor(
    () => query<{ seq: number; hash: string }>(file, "select seq, hash from audit_witnesses where seq > 0")[0],
    { what: "the bridge's word for a head of the audit" },
  );
  expect(readEntries(file).find(({ seq }) => seq === told.seq)?.hash).toBe(told.hash);
  await client.close();
  await first.stop();
  forge(file, orgId, (entry) => (entry.action === "server.enrol" ? { ...entry, actor: "usr_somebody_else" } : entry));

  const second = await startQuarterdeck({ dataDir });
  const browser = await launchBrowser();
  try {
    const again = await signIn(second.url);
    const server = await waitFor(
      async () => (await again.api.servers.list.query()).find(({ auditAlert }) => auditAlert !== null),
      { what: "the alert" },
    );
    expect(server.auditAlert?.seq).toBe(told.seq);
    const { page } = await openPage(browser);
    await again.signIn(page, second.url);
    await page.goto(`${second.url}/servers/${server.serverId}`);
    await page.getByText("The audit was changed, or the database is an old copy").waitFor();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations).toEqual([]);
    await takeScreenshot(page, "audit-alert");
    await page.getByRole("button", { name: "Acknowledge" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText("The audit was changed, or the database is an old copy").waitFor({ state: "detached" });
    expect((await again.api.servers.get.query({ serverId: server.serverId })).auditAlert).toBeNull();
    await again.close();
  } finally {
    await browser.close();
    await second.stop();
  }
});

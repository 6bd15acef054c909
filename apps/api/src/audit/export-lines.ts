import { setImmediate as endOfTurn } from "node:timers/promises";
import type { ChainHead, ChainId } from "@quarterdeck/core/audit/chain";
import type { ExportHeader } from "@quarterdeck/core/audit/export-file";
import { visibleText } from "@quarterdeck/core/audit/visible-text";
import { auditHeadSchema } from "@quarterdeck/core/protocol/audit-head";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import { eq } from "drizzle-orm";
import { auditWitnesses, servers } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { readCut, readCutStatement } from "./chain-cut-repo.ts";
import { readChain, readChainHead } from "./chain-repo.ts";
import { entryMatcher, isFiltering, type EntryFilter } from "./entry-filter.ts";
import { nameEntries } from "./list-entries.ts";

const pageEntries = 500;

type ExportRuntime = Pick<Runtime, "db" | "keys" | "clock">;

interface Wanted {
  readonly chainId: ChainId;
  readonly filter: EntryFilter;
}

/** A chain as lines of JSON, which `quarterdeck audit verify` verifies without the platform. A page at a time. */
export async function* ndjsonLines(runtime: ExportRuntime, { chainId, filter }: Wanted): AsyncGenerator<string> {
  const header = await makeHeader(runtime, { chainId, filter });
  yield `${JSON.stringify(header)}\n`;
  let entries = 0;
  for await (const page of pages(runtime, { chainId, filter }, header)) {
    entries += page.length;
    yield page.map(({ named: _named, ...entry }) => `${JSON.stringify(entry)}\n`).join("");
  }
  yield `${JSON.stringify({ end: true, entries })}\n`;
}

const columns = [
  "number",
  "time",
  "actor",
  "actor name",
  "address",
  "action",
  "subject",
  "subject name",
  "outcome",
  "detail",
  "entry",
  "hash",
];

/** A chain as comma-separated values (RFC 4180), for spreadsheets. */
export async function* csvLines(runtime: ExportRuntime, { chainId, filter }: Wanted): AsyncGenerator<string> {
  yield `${columns.join(",")}\r\n`;
  const bounds = { from: await readCut(runtime.db, chainId), to: await readChainHead(runtime.db, chainId) };
  for await (const page of pages(runtime, { chainId, filter }, bounds)) {
    const rows = page.map(({ named, seq, hash }) => {
      const { atMs, actor, actorName, address, action, subject, subjectName, outcome, detail, entryId } = named;
      const time = new Date(atMs).toISOString();
      return [
        String(seq),
        time,
        actor,
        actorName,
        address,
        action,
        subject,
        subjectName,
        outcome,
        detail,
        entryId,
        hash,
      ];
    });
    yield rows.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
  }
}

/** A cell that a spreadsheet takes for text, whatever is in it: what it would calculate has an apostrophe before it. */
export function csvCell(value: string | null): string {
  const shown = visibleText(value ?? "");
  const text = /^[\s'"]*[=+\-@|%]/u.test(shown) ? `'${shown}` : shown;
  return `"${text.replaceAll('"', '""')}"`;
}

async function* pages(
  { db }: ExportRuntime,
  { chainId, filter }: Wanted,
  { from, to }: { from: ChainHead; to: ChainHead },
) {
  const matches = entryMatcher(filter);
  for (let after = from.seq; after < to.seq; ) {
    const limit = Math.min(pageEntries, to.seq - after);
    const page = await readChain(db, chainId, { after, limit });
    const named = await nameEntries(
      db,
      chainId,
      page.map((entry) => ({ ...entry, outcome: entry.outcome === "done" ? "done" : "refused" })),
    );
    const found = page.flatMap((entry, index) => {
      const its = named[index];
      return its !== undefined && matches(its) ? [{ ...entry, named: its }] : [];
    });
    if (found.length > 0) yield found;
    const last = page.at(-1);
    if (last === undefined) return; // What should be there is not; whoever verifies it sees that.
    after = last.seq;
    await endOfTurn();
  }
}

async function makeHeader({ db, keys, clock }: ExportRuntime, { chainId, filter }: Wanted): Promise<ExportHeader> {
  const [from, to] = [await readCut(db, chainId), await readChainHead(db, chainId)];
  const isSigned = chainId !== "platform" && to.seq > 0;
  return {
    format: "quarterdeck-audit",
    v: 1,
    chainId,
    exportedAtMs: clock.nowMs(),
    isWhole: !isFiltering(filter),
    from,
    to,
    cut: await readCutStatement(db, chainId),
    head: isSigned
      ? await keys.platform.sign("auditHead", JSON.stringify(auditHeadSchema.parse({ v: 1, orgId: chainId, ...to })))
      : null,
    platformKeys: [...new Set(keys.platform.history.flatMap(trustedKeys))],
    witnesses: chainId === "platform" ? [] : await listEvidence(db, chainId),
  };
}

async function listEvidence(
  db: Runtime["db"],
  orgId: Exclude<ChainId, "platform">,
): Promise<ExportHeader["witnesses"]> {
  const rows = await db
    .select({ publicKey: servers.publicKey, witness: auditWitnesses })
    .from(auditWitnesses)
    .innerJoin(servers, eq(servers.serverId, auditWitnesses.serverId))
    .where(eq(auditWitnesses.orgId, orgId));
  return rows.flatMap(({ publicKey, witness: { serverId, evidence, conflictEvidence } }) =>
    [evidence, conflictEvidence].flatMap((said) => (said === null ? [] : [{ serverId, publicKey, evidence: said }])),
  );
}

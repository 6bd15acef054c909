import type { ChainHead } from "@quarterdeck/core/audit/chain";
import { auditCutSchema, type AuditCut } from "@quarterdeck/core/audit/cut";
import { ChainVerifier } from "@quarterdeck/core/audit/verify-chain";
import { dayMs } from "@quarterdeck/core/units";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import { deleteCutEntries, listKeptChains, setCut, setKeptDays, type KeptChain } from "./chain-cut-repo.ts";
import { readChain, sha256 } from "./chain-repo.ts";
import { recordAudit } from "./repo.ts";

/** A cut is an entry itself: not one every ten minutes. */
const cutEveryMs = dayMs;
const pageEntries = 1000;
const deletedAtOnce = 2000;

type RetentionRuntime = Pick<Runtime, "db" | "writer" | "clock" | "makeId" | "keys" | "log">;

/**
 * Deletes the entries that are older than their org keeps them, and leaves the platform's signed word for up to where
 * (PROTOCOL 15.6). What is not whole is not deleted: a cut must not hide that somebody changed the past.
 */
export async function cutOldEntries(runtime: RetentionRuntime): Promise<void> {
  for (const kept of await listKeptChains(runtime.db)) {
    await deleteWhatWasCut(runtime, kept); // The end may have been cut off.
    const nowMs = runtime.clock.nowMs();
    const isEarly = kept.cutAtMs <= nowMs && nowMs < kept.cutAtMs + cutEveryMs;
    const cut = isEarly ? null : await findCut(runtime, kept);
    if (cut === null || !(await recordCut(runtime, kept, cut))) continue;
    await deleteWhatWasCut(runtime, kept);
  }
}

/** The last entry before the first that is to be kept, if all up to there is whole. */
async function findCut({ db, clock, log }: RetentionRuntime, { chainId, keptDays, cut: from }: KeptChain) {
  const keptFromMs = clock.nowMs() - keptDays * dayMs;
  const verifier = new ChainVerifier({ chainId, sha256, from });
  for (;;) {
    const page = await readChain(db, chainId, { after: verifier.head.seq, limit: pageEntries });
    for (const entry of page) {
      if (entry.atMs >= keptFromMs) return verifier.head.seq > from.seq ? verifier.head : null;
      const fault = verifier.take(entry);
      if (fault !== null) {
        log.error({ chainId, ...fault }, "the audit is not whole: nothing of it is deleted");
        return null;
      }
    }
    if (page.length < pageEntries) return verifier.head.seq > from.seq ? verifier.head : null;
  }
}

async function recordCut(runtime: RetentionRuntime, kept: KeptChain, cut: ChainHead): Promise<boolean> {
  const { writer, clock, keys } = runtime;
  const { chainId, keptDays } = kept;
  const atMs = clock.nowMs();
  const body: AuditCut = auditCutSchema.parse({ v: 1, chainId, ...cut, atMs, keptDays });
  const statement = await keys.platform.sign("auditCut", JSON.stringify(body));
  const orgId = chainId === "platform" ? null : chainId;
  const detail = `entries up to ${cut.seq}, older than ${keptDays} days`;
  const [changed] = await writer.commit([
    ...setCut(kept, { cut, atMs, statement }),
    recordAudit(
      runtime,
      { orgId, actor: "platform", address: null, action: "audit.cut", subject: orgId, outcome: "done", detail },
      previousChanged,
    ),
  ]);
  return changed?.rowsChanged === 1;
}

async function deleteWhatWasCut({ writer }: RetentionRuntime, { chainId }: KeptChain): Promise<void> {
  for (;;) {
    const [deleted] = await writer.commit([deleteCutEntries(chainId, deletedAtOnce)]);
    if ((deleted?.rowsChanged ?? 0) < deletedAtOnce) return;
  }
}

/** Sets how long an org keeps the entries of its audit; null: for ever. */
export async function setRetention(runtime: Runtime, scope: OrgScope, keptDays: number | null): Promise<void> {
  const { orgId, userId, address } = scope;
  const detail = keptDays === null ? "for ever" : `${keptDays} days`;
  await runtime.writer.commit([
    ...setKeptDays(orgId, keptDays),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "audit.setRetention", subject: orgId, outcome: "done", detail },
      previousChanged,
    ),
  ]);
}

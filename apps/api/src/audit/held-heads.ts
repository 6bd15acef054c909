import type { ChainHead } from "@quarterdeck/core/audit/chain";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import { auditHeadSchema, heldHeadSchema, type HeldHead, type HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import type { SQL } from "drizzle-orm";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { readCut } from "./chain-cut-repo.ts";
import { findHash, readChainHead } from "./chain-repo.ts";
import { recordAudit } from "./repo.ts";
import { setConflict, setWitness } from "./witness-repo.ts";

interface Witness {
  readonly serverId: ServerId;
  readonly orgId: OrgId;
  readonly publicKey: string;
  readonly revokedAtMs: number | null;
}

interface HeldHeadsReport {
  readonly server: Witness;
  readonly report: Extract<Report, { kind: "heldHeads" }>;
  readonly guard: SQL;
}

/**
 * What a bridge says of the audit's heads, compared with the chain here (PROTOCOL 15.4). A head that the platform signed and
 * that is not in the chain shows that somebody changed the past.
 */
export async function describeHeldHeads(
  runtime: Runtime,
  { server, report, guard }: HeldHeadsReport,
): Promise<Statement[]> {
  const { serverId, orgId } = server;
  const evidence: HeldHeads = { held: report.held, told: report.told };
  const opened = await openHeldHeads(runtime, server, evidence);
  if (!opened.ok) {
    runtime.log.warn({ serverId, code: opened.error.code }, "what a bridge says of the audit does not count");
    return [recordFailure(runtime, server, opened.error.message, guard)];
  }
  const { holds, also } = opened.value;
  const cut = await readCut(runtime.db, orgId);
  for (const head of also === null ? [holds] : [also, holds]) {
    if (head.seq < cut.seq) continue; // It was deleted by the org's rule: there is nothing to compare it with.
    const hash = await findHash(runtime.db, orgId, head.seq);
    if (hash === head.hash) continue;
    const { seq: newestSeq } = await readChainHead(runtime.db, orgId);
    const detail = describeConflict(head, newestSeq);
    runtime.log.error({ serverId, orgId, seq: head.seq, newestSeq }, "a bridge holds a head that is not in the audit");
    return [
      setConflict(server, { ...head, atMs: report.atMs, evidence }, guard),
      recordFailure(runtime, server, detail, previousChanged),
      recordChange({ orgId }, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, previousChanged),
    ];
  }
  return [setWitness(server, { ...holds, atMs: report.atMs, evidence }, guard)];
}

function describeConflict({ seq, hash }: ChainHead, newestSeq: number): string {
  const what = seq > newestSeq ? `the audit ends at ${newestSeq}` : "another one is there now";
  return `The server was told of entry ${seq} of the audit with the hash ${hash}, and ${what}. Entries were removed or changed, or the database is an old copy.`;
}

/** Verifies who said what: the bridge that it holds these heads, and the platform that they are its own. */
async function openHeldHeads(
  { keys }: Pick<Runtime, "keys">,
  { serverId, orgId, publicKey, revokedAtMs }: Witness,
  { held, told }: HeldHeads,
): Promise<Result<HeldHead>> {
  if (revokedAtMs !== null)
    return refuse("REVOKED", "The server was removed, so what its key signed counts for nothing.");
  const opened = await openSigned(held, { keys: [publicKey], domain: "heldHead", schema: heldHeadSchema });
  if (!opened.ok) return opened;
  const { holds, also } = opened.value;
  if (opened.value.serverId !== serverId || opened.value.orgId !== orgId)
    return refuse("SIGNATURE_INVALID", "The held head names another server or org.");
  // Also a key that was revoked since: the head was told when it counted.
  const platformKeys = [...new Set(keys.platform.history.flatMap(trustedKeys))];
  const heads = also === null ? [holds] : [holds, also];
  if (heads.length !== told.length) return refuse("PROTOCOL_VIOLATION", "Each head needs the platform's word for it.");
  for (const [index, head] of heads.entries()) {
    const text = told[index];
    if (text === undefined) throw new Error("a head without the platform's word for it");
    const own = await openSigned(text, { keys: platformKeys, domain: "auditHead", schema: auditHeadSchema });
    if (!own.ok) return own;
    if (own.value.orgId !== orgId || own.value.seq !== head.seq || own.value.hash !== head.hash)
      return refuse("SIGNATURE_INVALID", "The platform signed another head than the bridge says.");
  }
  return accept(opened.value);
}

function recordFailure(runtime: Runtime, { orgId, serverId }: Witness, detail: string, guard: SQL): Statement {
  const entry = {
    action: "audit.witness",
    subject: serverId,
    outcome: "refused",
    detail: detail.slice(0, 500),
  } as const;
  return recordAudit(runtime, { orgId, actor: serverId, address: null, ...entry }, guard);
}

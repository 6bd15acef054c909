import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { OrgId, ServerId } from "@quarterdeck/core/ids";
import {
  evidenceReportSchema,
  type EvidenceReport,
  type LimitEvidence,
} from "@quarterdeck/core/protocol/limit-evidence";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { eq, gte, sql, and, type SQL } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { limitReports } from "../db/schema.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { hasChanged, isRecorded, recordEvidenceChanges, setEvidence, setReport } from "./evidence-repo.ts";

interface Witness {
  readonly serverId: ServerId;
  readonly orgId: OrgId;
  readonly publicKey: string;
  readonly revokedAtMs: number | null;
}

interface EvidenceReported {
  readonly server: Witness;
  readonly report: Extract<Report, { kind: "evidence" }>;
  readonly guard: SQL;
  readonly mark: string;
}

/** Records what a bridge says of its limits (PROTOCOL 16.5): what is so, what changed, and that something is wrong. */
export async function describeEvidence(
  runtime: Runtime,
  { server, report, guard, mark }: EvidenceReported,
): Promise<Statement[]> {
  const { serverId, orgId } = server;
  const nowMs = runtime.clock.nowMs();
  const opened = await openEvidence(server, report, nowMs);
  if (!opened.ok) {
    runtime.log.warn({ serverId, code: opened.error.code }, "what a bridge says of its limits does not count");
    return [recordRefusal(runtime, server, opened.error.message, guard)];
  }
  const { items, saidAtMs } = opened.value;
  const isOurs = isRecorded(serverId, mark);
  const { atMs } = report;
  const said = { items, atMs };
  const changed = { kind: "server", id: serverId, atMs: nowMs } as const;
  const mismatch = {
    orgId,
    actor: serverId,
    address: null,
    action: "limits.mismatch",
    subject: serverId,
    outcome: "refused",
    detail: describeMismatches(items),
  } as const;
  return [
    recordRefusal(runtime, server, tooOld, sql`${guard} and ${isSaidBefore(serverId, saidAtMs)}`),
    setReport(server, { said: opened.value, atMs, mark }, guard),
    ...recordEvidenceChanges(server, said, isOurs),
    setEvidence(server, said, isOurs),
    recordAudit(runtime, mismatch, sql`${isOurs} and ${hasChanged(serverId, atMs, { isMismatch: true })}`),
    recordChange({ orgId }, changed, sql`${isOurs} and ${hasChanged(serverId, atMs, { isMismatch: false })}`),
  ];
}

const tooOld =
  "The server said something later of its limits, or the same again: this is an old word, and counts for nothing.";

function isSaidBefore(serverId: ServerId, saidAtMs: number): SQL {
  return sql`exists (select 1 from ${limitReports}
    where ${and(eq(limitReports.serverId, serverId), gte(limitReports.saidAtMs, saidAtMs))})`;
}

async function openEvidence(
  { serverId, orgId, publicKey, revokedAtMs }: Witness,
  { signed, signature }: EvidenceReported["report"],
  nowMs: number,
): Promise<Result<EvidenceReport>> {
  if (revokedAtMs !== null)
    return refuse("REVOKED", "The server was removed, so what its key signed counts for nothing.");
  const text = { signed, signature };
  const opened = await openSigned(text, { keys: [publicKey], domain: "limitEvidence", schema: evidenceReportSchema });
  if (!opened.ok) return opened;
  if (opened.value.serverId !== serverId || opened.value.orgId !== orgId)
    return refuse("SIGNATURE_INVALID", "What was said of limits names another server or org.");
  // Or it would count for ever: nothing that is said later would be newer.
  if (opened.value.saidAtMs > nowMs + limits.clockSkewMs)
    return refuse("COMMAND_NOT_YET_VALID", "What was said of limits is from the future. Check the server's clock.");
  return accept({ ...opened.value, items: latestOf(opened.value.items) });
}

/** Each limit once. */
function latestOf(items: readonly LimitEvidence[]): LimitEvidence[] {
  return [...new Map(items.map((item) => [`${item.node} ${item.resource}`, item])).values()];
}

function describeMismatches(items: readonly LimitEvidence[]): string {
  const wrong = items.filter(({ state }) => state === "mismatch");
  const words = wrong.map(({ node, resource, wanted, actual }) => `${resource} of ${node}: ${wanted}, not ${actual}`);
  return `The kernel does not hold what it was asked to. ${words.join("; ")}`.slice(0, 500);
}

function recordRefusal(runtime: Runtime, { orgId, serverId }: Witness, detail: string, guard: SQL): Statement {
  const entry = { action: "limits.evidence", subject: serverId, outcome: "refused" } as const;
  return recordAudit(runtime, { orgId, actor: serverId, address: null, ...entry, detail: detail.slice(0, 500) }, guard);
}

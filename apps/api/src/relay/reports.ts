import type { SQL } from "drizzle-orm";
import type { Report, ReportAnswer, ReportBatch } from "@quarterdeck/core/protocol/relay-api";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { resultSchema, type RunFinished, type RunStarted } from "@quarterdeck/core/protocol/result";
import type { Runtime } from "../runtime.ts";
import type { Statement, Unit } from "../writer.ts";
import { recordAudit } from "../audit/repo.ts";
import { letTell } from "../audit/chain-repo.ts";
import { describeHeldHeads } from "../audit/held-heads.ts";
import { describeEvidence } from "../limits/describe-evidence.ts";
import { recordChange, recordChangeToGuests } from "../events/repo.ts";
import { setCordonTaken } from "../servers/cordon-repo.ts";
import { describeUpdateEnd, describeUpdateResult } from "../updates/update-reports.ts";
import { describeConflict } from "./command-conflict.ts";
import { isRenewal } from "./renewal-repo.ts";
import {
  advanceReports,
  findReportedRun,
  findReportingServer,
  holdsMark,
  setConnectionAlert,
  setKeysVersion,
  setQuarantine,
  setServerOffline,
  setServerOnline,
  type ReportingServer,
} from "./report-repo.ts";
import { hashReport, isStreamOver, startStream } from "./report-stream.ts";
import { moveRun } from "./run-transitions.ts";
import { isResultOf } from "./session/judge-result.ts";
import { newReports } from "./session/new-reports.ts";
import type { RunReport } from "./session/run-transition.ts";

/**
 * Records what a server's relay object reports: each report once and in order, with what it changes in one unit.
 *
 * @returns up to which number everything is recorded, or null for a server that does not exist
 */
export async function recordReports(
  runtime: Runtime,
  { serverId, stream, reports }: ReportBatch,
): Promise<ReportAnswer | null> {
  const server = await findReportingServer(runtime.db, serverId);
  if (server === null) return null;
  const isNewStream = server.reportStream !== stream;
  if (isNewStream && (await isStreamOver(runtime.db, { serverId, stream }))) return streamOver;
  if (!isNewStream && contradicts(server, reports)) return streamOver;
  const first = newReports(reports, 0)[0]?.report.seq ?? 1;
  const recordedSeq = isNewStream ? first - 1 : server.reportSeq;
  const fresh = newReports(reports, recordedSeq);
  const start = isNewStream ? [startStream({ serverId, stream, previous: server.reportStream }, first)] : [];
  const units = await Promise.all(
    fresh.map(async ({ report, previousSeq }): Promise<Unit> => {
      const mark = runtime.makeId("entry");
      const step = { serverId, stream, previousSeq, seq: report.seq, hash: hashReport(report), mark };
      return [advanceReports(step), ...(await describeReport(runtime, { server, report, mark }))];
    }),
  );
  // Together, so that they cost one commit. The writer keeps their order; each follows its predecessor's number.
  const outcomes = await Promise.all([...start, ...units].map((unit) => runtime.writer.commit(unit)));
  runtime.serverHeard();
  if (outcomes.every(([advanced]) => advanced?.rowsChanged === 1))
    return { through: fresh.at(-1)?.report.seq ?? recordedSeq };
  // Another process recorded some of them at the same time, or a later stream.
  const now = await findReportingServer(runtime.db, serverId);
  return now?.reportStream === stream ? { through: now.reportSeq } : streamOver;
}

/** Whether the newest number that is recorded comes again for another report: the relay has an old copy of its storage. */
function contradicts({ reportSeq, reportHash }: ReportingServer, reports: readonly Report[]): boolean {
  const again = reports.find(({ seq }) => seq === reportSeq);
  return again !== undefined && hashReport(again) !== reportHash;
}

const streamOver: ReportAnswer = { through: 0, isStreamOver: true };

interface Reported {
  readonly server: ReportingServer;
  readonly report: Report;
  readonly mark: string;
}

/** The statements for one report; all of them do nothing unless the unit that they are in recorded it. */
async function describeReport(runtime: Runtime, { server, report, mark }: Reported): Promise<Statement[]> {
  const { serverId, orgId } = server;
  const guard = holdsMark(serverId, mark);
  const serverChanged = recordChange({ orgId }, { kind: "server", id: serverId, atMs: runtime.clock.nowMs() }, guard);
  const guestsChanged = recordChangeToGuests({ serverId, atMs: runtime.clock.nowMs() }, guard);
  switch (report.kind) {
    case "online":
      runtime.log.info({ serverId, epoch: report.epoch }, "server online");
      return [setServerOnline(serverId, report, guard), serverChanged, guestsChanged, letTell(server, guard)];
    case "offline":
      runtime.log.info({ serverId, reason: report.reason }, "server offline");
      return [setServerOffline(serverId, report.atMs, guard), serverChanged, guestsChanged];
    case "duplicateKey":
      return [
        setConnectionAlert(serverId, { code: "SUPERSEDED", atMs: report.atMs }, guard),
        serverChanged,
        refusal(
          runtime,
          server,
          {
            action: "server.connect",
            subject: serverId,
            detail: "duplicateKey: the same bridge key connected from two boots",
          },
          guard,
        ),
      ];
    case "notLetIn":
      runtime.log.warn({ serverId, code: report.code }, "the relay did not let a bridge in");
      return [
        setConnectionAlert(serverId, { code: report.code, atMs: report.atMs }, guard),
        serverChanged,
        refusal(runtime, server, { action: "server.connect", subject: serverId, detail: report.code }, guard),
      ];
    case "heldHeads":
      return describeHeldHeads(runtime, { server, report, guard });
    case "evidence":
      return describeEvidence(runtime, { server, report, guard, mark });
    case "keysTaken":
      // What it cannot know yet is no word to believe.
      if (report.version > runtime.keys.platform.set.version) return [];
      return [setKeysVersion(serverId, report.version, guard), serverChanged];
    case "cordonTaken":
      return [setCordonTaken(serverId, report, guard), serverChanged];
    case "quarantined": {
      const until = new Date(report.untilMs).toISOString();
      runtime.log.warn({ serverId, until }, "the relay refuses a bridge that sent more than it may");
      const detail = `quarantined: the bridge sent more than it may and is refused until ${until}`;
      return [
        setQuarantine(serverId, report.untilMs, guard),
        refusal(runtime, server, { action: "server.connect", subject: serverId, detail }, guard),
        serverChanged,
      ];
    }
    case "dispatched": {
      const run = await findReportedRun(runtime.db, serverId, report.runId);
      return run === null ? [] : moveRun(runtime, run, report);
    }
    case "ended": {
      const run = await findReportedRun(runtime.db, serverId, report.runId);
      return run === null ? describeUpdateEnd(runtime, { serverId, report, guard }) : moveRun(runtime, run, report);
    }
    case "result": {
      if (server.revokedAtMs !== null) {
        const detail = "the server was removed, so what its key signed counts for nothing";
        return [refusal(runtime, server, { action: "run.result", subject: serverId, detail }, guard)];
      }
      const opened = await openSigned(report, { keys: [server.publicKey], domain: "result", schema: resultSchema });
      if (!opened.ok) {
        runtime.log.warn({ serverId, code: opened.error.code }, "a result was refused");
        return [
          refusal(
            runtime,
            server,
            { action: "run.result", subject: serverId, detail: opened.error.message.slice(0, 500) },
            guard,
          ),
        ];
      }
      const { value: result } = opened;
      const { atMs } = report;
      if (result.kind === "conflict") return describeConflict(runtime, { server, result, guard, atMs });
      return describeResult(runtime, { server, result, guard, atMs });
    }
  }
}

async function describeResult(
  runtime: Runtime,
  {
    server,
    result,
    guard,
    atMs,
  }: { server: ReportingServer; result: RunStarted | RunFinished; guard: SQL; atMs: number },
): Promise<Statement[]> {
  const run = await findReportedRun(runtime.db, server.serverId, result.runId);
  if (run === null) {
    // A cancel's own result, for example: it has no row.
    runtime.log.debug({ serverId: server.serverId, runId: result.runId }, "a result of no recorded run");
    return describeUpdateResult(runtime, { serverId: server.serverId, result, guard });
  }
  const isRenewed = result.commandId !== run.commandId && (await isRenewal(runtime.db, run.runId, result.commandId));
  if (!isResultOf(run, result, { isRenewed })) {
    const detail = "the result names another server, task, command or attempt than the run has";
    return [refusal(runtime, server, { action: "run.result", subject: run.runId, detail }, guard)];
  }
  const said: RunReport =
    result.kind === "started"
      ? { kind: "started", startedAtMs: result.startedAtMs, atMs }
      : { kind: "finished", result: server.orgId === run.orgId ? result : withoutPolicyText(result) };
  return moveRun(runtime, run, said);
}

/** A server's owner says what is forbidden there to its own org, and not to guests. */
function withoutPolicyText(result: RunFinished): RunFinished {
  if (result.code !== "POLICY_FORBIDS" && result.code !== "POLICY_UNREADABLE") return result;
  return { ...result, message: "The owner of the server does not allow this there." };
}

function refusal(
  runtime: Runtime,
  { orgId, serverId }: ReportingServer,
  entry: { action: string; subject: string; detail: string },
  guard: SQL,
): Statement {
  return recordAudit(runtime, { orgId, actor: serverId, address: null, outcome: "refused", ...entry }, guard);
}

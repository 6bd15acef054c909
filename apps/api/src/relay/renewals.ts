import { isHeldByCordon } from "@quarterdeck/core/actions/cordon";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { RenewalAnswer } from "@quarterdeck/core/protocol/relay-api";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { recordRefused } from "../audit/refusal-tally.ts";
import { recordAudit } from "../audit/repo.ts";
import { openTaskSecrets } from "../content/task-secrets.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import { commandLife, signCommand } from "../tasks/sign-command.ts";
import { findUpdateByRun } from "../updates/repo.ts";
import { judgeRenewal, type RenewalRefusal } from "./judge-renewal.ts";
import { findRunsToRenew, insertRenewal, type RenewableRun } from "./renewal-repo.ts";
import { findReportingServer, type ReportingServer } from "./report-repo.ts";

const rounds = 2;

/**
 * Signs commands anew that wait longer than their signature is valid, after the submitter's rights were checked again.
 * Each renewal has a command id of its own, so asking again is harmless: a bridge takes one command of a run.
 *
 * @returns an entry for each run that a cordon does not hold, or null for a server that does not exist
 */
export async function renewCommands(
  runtime: Runtime,
  { serverId, runIds }: { serverId: ServerId; runIds: readonly RunId[] },
): Promise<RenewalAnswer | null> {
  const server = await findReportingServer(runtime.db, serverId);
  if (server === null) return null;
  const answer: RenewalAnswer = { renewed: [], refused: [] };
  let open = [...new Set(runIds)];
  for (let round = 1; open.length > 0; round++) {
    if (round > rounds) throw new Error("runs changed while their commands were renewed"); // The relay asks again.
    const found = new Map((await findRunsToRenew(runtime.db, serverId, open)).map((run) => [run.runId, run]));
    // Left out of the answer, so it waits at the relay, which hears of the cordon next (PROTOCOL 21.2).
    const asked = open.filter((runId) => !isHeld(found.get(runId)));
    const outcomes = await Promise.all(
      asked.map(async (runId) => ({ runId, outcome: await renew(runtime, server, { runId, run: found.get(runId) }) })),
    );
    for (const { runId, outcome } of outcomes) {
      if (outcome === null) continue;
      if ("signed" in outcome) answer.renewed.push({ runId, ...outcome });
      else answer.refused.push({ runId, ...outcome });
    }
    open = outcomes.flatMap(({ runId, outcome }) => (outcome === null ? [runId] : []));
  }
  return answer;
}

function isHeld(run: RenewableRun | undefined): boolean {
  return run !== undefined && run.serverCordonedAtMs !== null && isHeldByCordon(run.action);
}

/** One run: its new command, or why there is none; null when it changed while it was signed. */
async function renew(
  runtime: Runtime,
  server: ReportingServer,
  { runId, run }: { runId: RunId; run: RenewableRun | undefined },
): Promise<CommandText | RenewalRefusal | null> {
  const nowMs = runtime.clock.nowMs();
  const refusal: RenewalRefusal | null =
    run === undefined ? await judgeOther(runtime, server, runId) : judgeRenewal(run, nowMs);
  if (run === undefined || refusal !== null) {
    if (refusal === null) return null;
    // The relay asks again when it got no answer.
    await runtime.writer.commit(recordRefused(runtime, { ...entryOf(server, runId), detail: refusal.code }, runId));
    return refusal;
  }
  const { orgId, taskId, workspaceId, projectId, action, params, priority, demand, isDetached } = run;
  const { keyFingerprint, sealingKey, serverId } = run;
  const commandId = runtime.makeId("command");
  const expiresAtMs = nowMs + commandLife.signatureMs;
  const signed = await signCommand(runtime, {
    commandId,
    runId,
    taskId,
    orgId,
    workspaceId,
    projectId,
    server: { serverId, keyFingerprint, sealingKey },
    action,
    params,
    secretInput: openTaskSecrets(runtime.secrets, { orgId, taskId }, run.secretInput),
    priority,
    demand,
    isDetached,
    nowMs,
    expiresAtMs,
  });
  const [recorded] = await runtime.writer.commit([
    ...insertRenewal(run, { commandId, signedAtMs: nowMs, expiresAtMs }),
    recordAudit(
      runtime,
      { ...entryOf(server, runId), outcome: "done", detail: `${action} submitted by ${run.submittedBy}` },
      previousChanged,
    ),
  ]);
  return recorded?.rowsChanged === 1 ? signed : null;
}

/** What no task submitted is not signed anew: an update is for a server that is there, and whoever wants it asks again. */
async function judgeOther({ db }: Runtime, { serverId }: ReportingServer, runId: RunId): Promise<RenewalRefusal> {
  return (await findUpdateByRun(db, serverId, runId)) === null
    ? { code: "NOT_FOUND", message: "There is no such run on this server." }
    : { code: "COMMAND_EXPIRED", message: "The server did not take the update in time. Update it again." };
}

function entryOf({ orgId }: ReportingServer, runId: RunId) {
  return { orgId, actor: "relay", address: null, action: "run.renew", subject: runId } as const;
}

import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { lte, sql } from "drizzle-orm";
import { cutOldEntries } from "./audit/retention.ts";
import { endTallies } from "./audit/refusal-tally.ts";
import { forgetPastSteps } from "./auth/forget-past-steps.ts";
import { steadyNowMs } from "./auth/steady-time.ts";
import { deleteUsedSecrets } from "./content/task-secrets.ts";
import { attempts } from "./db/schema.ts";
import { deleteEventsBefore } from "./events/repo.ts";
import { deleteOldInvitations } from "./invitations/repo.ts";
import { recordKeyChanges } from "./keys/recorded-change.ts";
import { tellTrust } from "./keys/trust.ts";
import { forgetEvidence } from "./limits/evidence-repo.ts";
import { purgeDueOrgs } from "./orgs/purge.ts";
import { deleteSentBefore } from "./outbox/repo.ts";
import { planLedger } from "./quotas/plan-ledger.ts";
import { reportDrift } from "./quotas/report-drift.ts";
import type { Runtime } from "./runtime.ts";
import { deleteOldEnrolments } from "./servers/enrolment-list.ts";
import { finishWithdrawals } from "./sharing/withdraw.ts";
import { signCancelsAgain } from "./tasks/cancels-again.ts";
import { HistoryKeeper } from "./telemetry/history-keeper.ts";

const everyMs = 10 * minuteMs;
/** A console that was away longer fetches everything again. */
const eventsKeptMs = dayMs;
/** Longer than any command lives. */
const sentKeptMs = 7 * dayMs;
/** After they ran out; those that were accepted stay. */
const invitationsKeptMs = 30 * dayMs;
const ledgerChangesKept = 100_000;

/** Deletes what nobody needs any more, and does what was cut off. */
export async function keepHouse(runtime: Runtime): Promise<void> {
  const { clock, writer, sessions } = runtime;
  const nowMs = clock.nowMs();
  await writer.commit([
    deleteEventsBefore(nowMs - eventsKeptMs),
    deleteSentBefore(nowMs - sentKeptMs),
    deleteUsedSecrets(),
    deleteOldEnrolments(nowMs),
    ...forgetEvidence(nowMs),
    deleteOldInvitations(nowMs - invitationsKeptMs),
    planLedger.statements.forgetEnded(ledgerChangesKept),
    planLedger.statements.forgetChanges(ledgerChangesKept),
    sql`delete from ${attempts} where ${lte(attempts.windowEndsAtMs, steadyNowMs(clock) - hourMs)}`,
    ...forgetPastSteps(nowMs),
    ...recordKeyChanges(runtime), // A change of the keys may have been cut off before it was recorded, or told.
  ]);
  await endTallies(runtime);
  await cutOldEntries(runtime);
  await sessions.deleteExpired();
  await reportDrift(runtime);
  await tellTrust(runtime); // Certificates are made anew long before they end.
  await signCancelsAgain(runtime);
  await finishWithdrawals(runtime);
  await purgeDueOrgs(runtime);
}

/** Does it now and then; answers how to stop, which waits for what is being done. */
export function startHousekeeping(runtime: Runtime): () => Promise<void> {
  let running = Promise.resolve();
  const telemetry = new HistoryKeeper(runtime);
  const run = () => {
    running = keepHouse(runtime)
      .then(() => telemetry.run())
      .then(() => runtime.housekeeping.ended(runtime.clock.nowMs(), true))
      .catch((error: unknown) => {
        runtime.housekeeping.ended(runtime.clock.nowMs(), false);
        runtime.log.error({ err: error }, "housekeeping failed");
      });
  };
  run();
  const timer = setInterval(run, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

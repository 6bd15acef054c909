import type { Refusal } from "@quarterdeck/core/errors/result";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { failed, refused, type Completion } from "../actions/action-context.ts";
import { gitFailed } from "../actions/git-failure.ts";
import { GitReadFailed } from "../actions/repository-state.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { errorMessage, type Log } from "../log.ts";

export const cancelled: Completion = {
  verdict: "cancelled",
  code: "CANCELLED",
  message: "It was cancelled.",
  repository: null,
};

export const leaseOver: Completion = {
  verdict: "interrupted",
  code: "LEASE_EXPIRED",
  message:
    "Its server had no connection to the platform for too long, and it may not go on without one, so the server stopped it.",
  repository: null,
};

export const timedOut: Completion = {
  verdict: "timedOut",
  code: "TIMED_OUT",
  message: "It ran longer than it may and was stopped.",
  repository: null,
};

export const noRoom: Completion = {
  verdict: "refused",
  code: "DISK_FULL",
  message: "The server's disk is full, so it was not started. Nothing has happened; make room there and run it again.",
  repository: null,
};

export function tooLate({ code, message }: Refusal): Completion {
  return { verdict: "expired", code, message: `${message} Nothing has happened.`, repository: null };
}

export function sandboxMissing({ reason }: Pick<Sandbox, "reason">): Completion {
  return {
    verdict: "refused",
    code: "SANDBOX_UNAVAILABLE",
    message: `Runs are refused on this server, because they could read the bridge's own files: ${reason ?? ""} Mend that, or agree to it by starting the bridge with --consent-no-isolation (where npm start runs it: npm start -- --allow-no-isolation).`,
    repository: null,
  };
}

/** What a user is told when an action threw. */
export function explainError(error: unknown, log: Log): Completion {
  if (error instanceof GitReadFailed) return gitFailed(error.message);
  if (error instanceof QuarterdeckError) return refused({ code: error.code, message: error.message });
  if (isDiskFull(error)) return failed("DISK_FULL", "The server's disk is full, so it could not be done.");
  const message = errorMessage(error);
  log.warn("an action failed", { reason: message });
  return failed("INTERNAL", "The bridge could not do it.", message);
}

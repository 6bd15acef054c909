import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";

/** The answer for what does not exist, and, word for word the same, for what belongs to another org. */
export function notFound(
  what:
    | "server"
    | "workspace"
    | "project"
    | "task"
    | "run"
    | "enrolment"
    | "rollout"
    | "member"
    | "quota"
    | "change"
    | "archive"
    | "share"
    | "org"
    | "invitation"
    | "passkey"
    | "authenticator app"
    | "session",
): QuarterdeckError {
  return new QuarterdeckError(
    "NOT_FOUND",
    what === "org" ? "You are in no such organization." : `There is no such ${what} in this org.`,
  );
}

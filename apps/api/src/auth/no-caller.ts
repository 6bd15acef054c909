import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Account } from "./scope.ts";

/** Why somebody gets at nothing of any org: nobody is signed in, or an account that is in none. */
export function noCaller(account: Account | null): QuarterdeckError {
  if (account === null) return new QuarterdeckError("UNAUTHENTICATED", "You are not signed in. Sign in and try again.");
  return new QuarterdeckError(
    "NO_ORG",
    "Your account is in no organization. Accept an invitation, or make an organization.",
  );
}

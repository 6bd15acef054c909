import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { minuteMs } from "@quarterdeck/core/units";
import type { AccountScope } from "./scope.ts";

const recentMs = 10 * minuteMs;

/**
 * For what is dangerous: refuses a session whose user proved who they are too long ago. The console then asks, and calls
 * again.
 *
 * @throws QuarterdeckError STEP_UP_REQUIRED
 */
export function requireRecentAuth({ sinceAuthMs }: Pick<AccountScope, "sinceAuthMs">): void {
  // Below zero the clock was set back, and nobody knows how long ago it was.
  if (sinceAuthMs >= 0 && sinceAuthMs < recentMs) return;
  throw new QuarterdeckError(
    "STEP_UP_REQUIRED",
    "This needs to know that it is still you. Confirm who you are and try again.",
  );
}

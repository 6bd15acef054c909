import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { minuteMs } from "@quarterdeck/core/units";
import { recordOnceAnHour } from "../audit/once-an-hour.ts";
import type { Caller } from "../auth/scope.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";
import { isApiKey } from "./api-key.ts";
import { findKeyCaller, markUsed, type KnownKey } from "./key-repo.ts";

/** Its last use is known to within this. */
const lastUseMs = 5 * minuteMs;

/**
 * Who a key lets in. The right key is never held back for the wrong ones that came from its address: an office would be
 * locked out by one script that was forgotten, and 256 bits are not guessed.
 *
 * @throws QuarterdeckError UNAUTHENTICATED in the same words for every key that lets nobody in, whatever is wrong with it;
 *   RATE_LIMITED after many of them
 */
export async function admitKey(runtime: Runtime, apiKey: string, address: string): Promise<Caller> {
  const nowMs = runtime.clock.nowMs();
  const known = isApiKey(apiKey) ? await findKeyCaller(runtime.db, hashToken(apiKey)) : null;
  if (!letsIn(known, nowMs)) throw await refuse(runtime, known, address);
  if (known.lastUsedAtMs === null || known.lastUsedAtMs <= nowMs - lastUseMs) {
    const { keyId } = known;
    const mark = markUsed({ keyId, nowMs, staleMs: nowMs - lastUseMs, address });
    // Nobody is kept out because a note could not be written.
    runtime.writer.commit([mark]).catch((error: unknown) => {
      runtime.log.error({ err: error, keyId }, "noting the use of an API key failed");
    });
  }
  return known.caller;
}

function letsIn(known: KnownKey | null, nowMs: number): known is KnownKey & { readonly caller: Caller } {
  if (known === null) return false;
  const { endsAtMs, revokedAtMs, caller } = known;
  return caller !== null && revokedAtMs === null && (endsAtMs === null || endsAtMs > nowMs);
}

async function refuse(runtime: Runtime, known: KnownKey | null, address: string): Promise<QuarterdeckError> {
  if (!runtime.requestRates.takesWrongKey(address)) {
    return new QuarterdeckError("RATE_LIMITED", "Too many API keys from your address let nobody in. Try again later.", {
      retryAfterMs: minuteMs,
    });
  }
  const entry = {
    orgId: known?.orgId ?? null,
    actor: known?.userId ?? "anonymous",
    address,
    action: "apiKey.use",
    subject: known?.keyId ?? null,
    outcome: "refused",
    detail: "UNAUTHENTICATED",
  } as const;
  await runtime.writer.commit([recordOnceAnHour(runtime, entry)]);
  return new QuarterdeckError(
    "UNAUTHENTICATED",
    "This API key lets nobody in: it is mistyped, has ended or was revoked. Make another one in the settings.",
  );
}

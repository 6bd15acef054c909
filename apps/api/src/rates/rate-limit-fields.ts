import type { RateStanding } from "@quarterdeck/core/quota/rates/rate-table";
import { secondMs } from "@quarterdeck/core/units";

/** A rate that a request was held against, and what is left of it. */
export interface RatedPolicy extends RateStanding {
  /** For clients: `user`, `org` or `address`. */
  readonly name: string;
  readonly perMinute: number;
}

const windowSeconds = 60;

/**
 * The fields that tell a client what it may send (draft-ietf-httpapi-ratelimit-headers-11). `t` is when there is one more, as the
 * rate gives back one by one; with all of it there, it is left out.
 */
export function rateLimitFields(policies: readonly RatedPolicy[]): Record<string, string> {
  return {
    "ratelimit-policy": policies.map(({ name, perMinute }) => `"${name}";q=${perMinute};w=${windowSeconds}`).join(", "),
    ratelimit: policies
      .map(({ name, remaining, nextMs }) => {
        const next = nextMs === 0 ? "" : `;t=${wholeSeconds(nextMs)}`;
        return `"${name}";r=${remaining}${next}`;
      })
      .join(", "),
  };
}

/** The field of a refusal that says when to try again (RFC 9110, 10.2.3). */
export function retryAfterField(retryAfterMs: number): Record<string, string> {
  return { "retry-after": String(wholeSeconds(retryAfterMs)) };
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / secondMs));
}

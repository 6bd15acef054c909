import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { PlanName, RequestTiers } from "@quarterdeck/core/quota/request-tiers";
import { secondMs } from "@quarterdeck/core/units";
import type { Caller } from "../auth/scope.ts";
import { addressKey } from "./address-key.ts";

type Connecting = Pick<Caller, "orgId" | "plan">;

/** Viewers that come without a session: programs, with nothing but a ticket. */
const mostOfAddress = 1_000;
const tryAgainMs = 10 * secondMs;

/**
 * How many connections are open: of each org its consoles and viewers, as many as its plan allows, and of an address those that come
 * without a session. Each process of the API counts its own.
 */
export class OpenConnections {
  readonly #tiers: RequestTiers;
  readonly #open = new Map<string, number>();

  constructor(tiers: RequestTiers) {
    this.#tiers = tiers;
  }

  most(plan: PlanName): number {
    return this.#tiers[plan].openConnections;
  }

  count({ orgId }: Pick<Connecting, "orgId">): number {
    return this.#open.get(orgId) ?? 0;
  }

  /** Takes a place; answers what to call when the connection has ended, once, or why there is none. */
  take(caller: Connecting | null, address: string): (() => void) | QuarterdeckError {
    const key = caller?.orgId ?? addressKey(address);
    const most = caller === null ? mostOfAddress : this.most(caller.plan);
    const open = this.#open.get(key) ?? 0;
    if (open >= most) return tooMany(caller, most);
    this.#open.set(key, open + 1);
    return () => {
      const left = (this.#open.get(key) ?? 1) - 1;
      if (left > 0) this.#open.set(key, left);
      else this.#open.delete(key);
    };
  }
}

function tooMany(caller: Connecting | null, most: number): QuarterdeckError {
  const whose = caller === null ? "From your address" : `In your org, which is on the plan ${caller.plan},`;
  const what =
    caller === null
      ? "close some of them"
      : "close windows of the console that nobody needs, or ask the operator for a larger plan";
  return new QuarterdeckError(
    "RATE_LIMITED",
    `${whose} ${most} connections are open already, and no more are allowed: ${what}.`,
    {
      retryAfterMs: tryAgainMs,
    },
  );
}

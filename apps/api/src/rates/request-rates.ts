import type { Clock } from "@quarterdeck/core/clock";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { makeRate, type Rate } from "@quarterdeck/core/quota/rates/gcra";
import { RateTable, type RateClaim } from "@quarterdeck/core/quota/rates/rate-table";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import type { Caller } from "../auth/scope.ts";
import { addressKey } from "./address-key.ts";
import { rateLimitFields } from "./rate-limit-fields.ts";
import { RefusalCounts } from "./refusal-counts.ts";
import { routeRates, type RatedRoute } from "./route-rates.ts";

/** Requests a minute of who is on which plan. */
export type RequestsPerMinute = Readonly<Record<PlanName, number>>;

/** Who asks. Without an account it is the address. */
interface Asker {
  readonly caller: Pick<Caller, "userId" | "orgId" | "plan"> | null;
  readonly address: string;
}

/** What is said to a request: the fields of its answer, and why it is refused, if it is. */
export interface RateDecision {
  readonly fields: Readonly<Record<string, string>>;
  readonly refusal: QuarterdeckError | null;
}

interface Policy extends RateClaim {
  readonly name: string;
  readonly perMinute: number;
}

/** Of those who have not all of a minute's calls back; the places of the others are free. */
const places = 65_536;
/** Pages before signing in ask one or two things. An office behind one address signs in at once. */
const anonymousPerMinute = 300;
/** What a socket says besides asking for subscriptions: a word that it is alive every ten seconds. */
const messages = rateOf(600, 200);

/**
 * How often requests are answered: of each org what its plan allows, of each user as much as the org, and of an address without an
 * account a fixed rate, another for each kind of route. All of a minute's may come at once. It is kept in memory and by monotonic time: each process of
 * the API counts for itself, and a restart forgets.
 */
export class RequestRates {
  readonly #table = new RateTable(places);
  readonly #clock: Clock;
  readonly #perMinute: RequestsPerMinute;
  readonly #ofPlan: Readonly<Record<PlanName, Rate>>;
  readonly #anonymous = rateOf(anonymousPerMinute);
  readonly #ofRoute = Object.fromEntries(
    Object.entries(routeRates).map(([name, perMinute]) => [name, rateOf(perMinute)]),
  ) as Readonly<Record<RatedRoute, Rate>>;
  readonly #refusals = new RefusalCounts();

  constructor(clock: Clock, perMinute: RequestsPerMinute) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#ofPlan = {
      basic: rateOf(perMinute.basic),
      premium: rateOf(perMinute.premium),
      enterprise: rateOf(perMinute.enterprise),
    };
  }

  /** Counts the calls of a request: all of them are refused together. */
  charge(asker: Asker, calls: number): RateDecision {
    const decision = this.#decide(this.#policiesOf(asker), calls);
    if (decision.refusal !== null && asker.caller !== null) this.countRefusal(asker.caller);
    return decision;
  }

  /** Counts a request for what needs no account. */
  chargeRoute(route: RatedRoute, address: string): RateDecision {
    const key = `${route}|${addressKey(address)}`;
    return this.#decide([{ name: "address", key, rate: this.#ofRoute[route], perMinute: routeRates[route] }], 1);
  }

  countRefusal({ orgId }: Pick<Caller, "orgId">): void {
    this.#refusals.add(orgId, this.#clock.monotonicMs());
  }

  /** What a user, and the org as a whole, may ask now, and how often the org was refused something. */
  standing(caller: Pick<Caller, "userId" | "orgId" | "plan">): {
    user: number;
    org: number;
    refusedInLastHour: number;
  } {
    const nowMs = this.#clock.monotonicMs();
    const rate = this.#ofPlan[caller.plan];
    const remaining = (key: string) => this.#table.standing(key, rate, nowMs).remaining;
    return {
      user: remaining(`user|${caller.userId}`),
      org: remaining(`org|${caller.orgId}`),
      refusedInLastHour: this.#refusals.count(caller.orgId, nowMs),
    };
  }

  #decide(policies: readonly Policy[], calls: number): RateDecision {
    const nowMs = this.#clock.monotonicMs();
    const verdict = this.#table.check(
      policies.map(({ key, rate }) => ({ key, rate, cost: calls })),
      nowMs,
    );
    const fields = rateLimitFields(
      policies.map(({ name, perMinute, key, rate }) => ({
        name,
        perMinute,
        ...this.#table.standing(key, rate, nowMs),
      })),
    );
    if (verdict.isAllowed) return { fields, refusal: null };
    const { name = "", perMinute = 0 } = policies[verdict.refusedBy] ?? {};
    return { fields, refusal: refusalOf(verdict.retryAfterMs, { name, perMinute, calls }) };
  }

  /** Counts a message of a socket; false when there were too many. */
  takesMessage({ userId }: Pick<Caller, "userId">): boolean {
    return this.#table.check([{ key: `socket|${userId}`, rate: messages }], this.#clock.monotonicMs()).isAllowed;
  }

  #policiesOf({ caller, address }: Asker): Policy[] {
    if (caller === null) {
      const key = `address|${addressKey(address)}`;
      return [{ name: "address", key, rate: this.#anonymous, perMinute: anonymousPerMinute }];
    }
    const rate = this.#ofPlan[caller.plan];
    const perMinute = this.#perMinute[caller.plan];
    return [
      { name: "user", key: `user|${caller.userId}`, rate, perMinute },
      { name: "org", key: `org|${caller.orgId}`, rate, perMinute },
    ];
  }
}

const whose: Readonly<Record<string, string>> = {
  user: "your account sends",
  org: "your org sends",
  address: "your address sends",
};

function refusalOf(
  retryAfterMs: number | null,
  { name, perMinute, calls }: { name: string; perMinute: number; calls: number },
): QuarterdeckError {
  if (retryAfterMs === null) {
    return new QuarterdeckError(
      "TOO_LARGE",
      `A request with ${calls} calls is more than the ${perMinute} that are answered in a minute. Send fewer at once.`,
    );
  }
  const seconds = Math.max(1, Math.ceil(retryAfterMs / secondMs));
  return new QuarterdeckError(
    "RATE_LIMITED",
    `More than ${perMinute} requests a minute are not answered, and ${whose[name] ?? "this sends"} more. Try again in ${seconds} second${seconds === 1 ? "" : "s"}.`,
    { retryAfterMs },
  );
}

function rateOf(perMinute: number, burst = perMinute): Rate {
  const made = makeRate({ units: perMinute, periodMs: minuteMs, burst });
  if (!made.ok) throw new RangeError(made.error.message);
  return made.value;
}

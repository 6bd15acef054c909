import type { Clock } from "@quarterdeck/core/clock";
import { secondMs } from "@quarterdeck/core/units";
import { longestSessionMs, type ValidSession } from "./lucia.ts";
import type { Account, Caller } from "./scope.ts";

/** Whom a session lets in. */
export interface KnownCaller {
  readonly session: ValidSession;
  /** Null for an account that is not there any more. */
  readonly account: Account | null;
  /** Null for who is in no org. */
  readonly caller: Caller | null;
}

interface Kept {
  readonly known: KnownCaller;
  readonly readAtMs: number;
}

/** How old what a read is answered by may be: what another process changed is seen after this. */
export const knownForMs = 2 * secondMs;
const mostKept = 10_000;

/**
 * Whom sessions let in, for a moment, so that a page's many reads ask the database once. What this process writes itself is
 * seen at once: it then forgets everybody. Nobody is kept whom a session does not let in.
 */
export class KnownCallers {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  /** Rises when all is forgotten: what was read before that is not kept after it. */
  #round = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whom a session lets in, as it was read a moment ago; null: ask the database. */
  recent(tokenHash: string): KnownCaller | null {
    const kept = this.#kept.get(tokenHash);
    if (kept === undefined || this.#isOld(kept)) return null;
    const { expiresAtMs, createdAtMs } = kept.known.session;
    const nowMs = this.#clock.nowMs();
    return nowMs < expiresAtMs && nowMs - createdAtMs < longestSessionMs ? kept.known : null;
  }

  /** Reads whom a session lets in, and keeps it unless something of it may have changed meanwhile. */
  async read(tokenHash: string, ask: () => Promise<KnownCaller | null>): Promise<KnownCaller | null> {
    const round = this.#round;
    const readAtMs = this.#clock.monotonicMs();
    const known = await ask();
    if (known === null) this.#kept.delete(tokenHash);
    else if (round === this.#round) this.#keep(tokenHash, { known, readAtMs });
    return known;
  }

  forgetAll(): void {
    this.#round++;
    this.#kept.clear();
  }

  get size(): number {
    return this.#kept.size;
  }

  #keep(tokenHash: string, kept: Kept): void {
    this.#kept.delete(tokenHash); // So that the oldest stays the first.
    this.#kept.set(tokenHash, kept);
    for (const [oldest, other] of this.#kept) {
      if (this.#kept.size <= mostKept && !this.#isOld(other)) break;
      this.#kept.delete(oldest);
    }
  }

  #isOld({ readAtMs }: Kept): boolean {
    return this.#clock.monotonicMs() - readAtMs >= knownForMs;
  }
}

const writesCallers =
  /\b(?:insert\s+(?:or\s+\w+\s+)?into|replace\s+into|update(?:\s+or\s+\w+)?|delete\s+from)\s+["`[]?(?:auth_sessions|members|grants|orgs|users)\b/i;

/** Whether a statement writes a table that says whom a session lets in, and to what. */
export function changesCallers(statement: string): boolean {
  return writesCallers.test(statement);
}

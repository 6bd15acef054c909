import type { Clock } from "@quarterdeck/core/clock";
import type { ServerId, UserId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { ViewerRevocation } from "@quarterdeck/core/protocol/relay-api";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import type { Log } from "../log.ts";
import { listServerRows } from "../servers/repo.ts";
import { RelayUnavailableError, type RelayLink } from "./relay-link.ts";

interface RevocationsOptions {
  readonly db: Database;
  readonly relay: RelayLink;
  readonly clock: Clock;
  readonly log: Log;
}

const backoffMs = { first: 200, most: 5_000 };
const serversAtOnce = 8;

/**
 * Tells the relay when a user may no longer watch. The API does not know which objects hold the user's sockets, so it
 * tells those of all of the org's servers. It tries again until the relay has it or until a connection that was let in
 * before has run out by itself; what a stop of the API cuts off ends then too.
 */
export class ViewerRevocations {
  readonly #options: RevocationsOptions;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** Starts telling; whoever calls does not wait for the relay. */
  revoke(scope: TenantScope, userId: UserId): void {
    const telling = this.#tell(scope, { userId, revokedAtMs: this.#options.clock.nowMs() })
      .catch((error: unknown) => this.#options.log.error({ err: error, userId }, "telling the relay failed"))
      .finally(() => this.#running.delete(telling));
    this.#running.add(telling);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #tell(scope: TenantScope, revocation: ViewerRevocation): Promise<void> {
    const { db, clock, log } = this.#options;
    const { userId, revokedAtMs } = revocation;
    const untilMs = revokedAtMs + limits.viewerConnectionMs;
    let open = (await listServerRows(db, scope)).map(({ serverId }) => serverId);
    for (let attempt = 0; open.length > 0; attempt++) {
      if (attempt > 0) await this.#pause(Math.min(backoffMs.most, backoffMs.first * 2 ** (attempt - 1)));
      if (this.#stop.signal.aborted || clock.nowMs() > untilMs) {
        log.warn({ userId, servers: open.length }, "the relay was not told that a user may no longer watch");
        return;
      }
      open = await this.#tellAll(open, revocation);
    }
  }

  /** Answers the servers whose objects were not told. */
  async #tellAll(serverIds: readonly ServerId[], revocation: ViewerRevocation): Promise<ServerId[]> {
    const waiting = [...serverIds];
    const failed: ServerId[] = [];
    const workers = Array.from({ length: serversAtOnce }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        try {
          await this.#options.relay.revokeViewers(next, revocation);
        } catch (error) {
          if (!(error instanceof RelayUnavailableError)) throw error;
          failed.push(next);
        }
      }
    });
    await Promise.all(workers);
    return failed;
  }

  async #pause(delayMs: number): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, delayMs);
      signal.addEventListener("abort", done);
    });
  }
}

import type { QueryClient } from "@tanstack/react-query";
import { toApiError } from "../api/api-error.ts";
import { tellSignedOut } from "../api/query-client.ts";
import { trpc, trpcClient } from "../api/trpc.ts";
import { browserClock } from "./browser-clock.ts";
import { connectionHealth } from "./connection-health.ts";
import { invalidateChanged, type Change } from "./invalidate-changed.ts";
import { GatheredChanges } from "./session/gathered-changes.ts";
import { reconnectDelayMs } from "./session/reconnect-delay.ts";

/**
 * Follows what changes in the org for as long as somebody is signed in, and has what changed fetched again. After a loss
 * it resumes behind the last event it saw; everything that is shown is fetched again besides.
 */
export class ChangeFeed {
  readonly #queryClient: QueryClient;
  readonly #changes: GatheredChanges<Change>;
  #lastEventId: string | null = null;
  #subscription: { unsubscribe(): void } | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;
  #wasConnected = false;

  constructor(queryClient: QueryClient) {
    this.#queryClient = queryClient;
    this.#changes = new GatheredChanges<Change>(
      (changes) => invalidateChanged(queryClient, changes),
      (act, ms) => {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
    );
  }

  start(): void {
    this.#subscription = trpcClient.events.changes.subscribe(
      { lastEventId: this.#lastEventId },
      {
        onData: ({ id, data }) => {
          this.#failures = 0;
          this.#lastEventId = id;
          this.#changes.add(data);
        },
        onConnectionStateChange: ({ state, error }) => {
          if (state === "connecting" && error !== null) this.#lost();
          if (state === "pending") this.#connected();
        },
        onError: (error) => this.#ended(error),
        onComplete: () => this.#ended(null),
      },
    );
  }

  stop(): void {
    const subscription = this.#subscription;
    this.#subscription = null;
    subscription?.unsubscribe();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#changes.stop();
    connectionHealth.back("platform", browserClock.nowMs());
  }

  #lost(): void {
    connectionHealth.lost("platform", browserClock.nowMs());
    // A socket that is refused does not say why: perhaps the session has ended, or the org lets nobody in from here any more.
    void this.#queryClient.invalidateQueries(trpc.orgs.current.pathFilter());
    trpcClient.auth.state.query().then(
      ({ me }) => me === null && tellSignedOut(),
      () => {}, // The platform is away, which the connection's bar shows.
    );
  }

  #connected(): void {
    connectionHealth.back("platform", browserClock.nowMs());
    if (this.#wasConnected) void this.#queryClient.invalidateQueries(trpc.pathFilter());
    this.#wasConnected = true;
  }

  /** The platform ended the subscription, for example because it restarts: subscribe again, behind the last event. */
  #ended(error: unknown): void {
    if (this.#subscription === null) return; // We ended it.
    this.#subscription = null;
    if (error !== null && ["UNAUTHENTICATED", "NO_ORG"].includes(toApiError(error).code)) {
      void this.#queryClient.invalidateQueries(trpc.auth.state.pathFilter());
      return;
    }
    this.#failures += 1;
    this.#retry = setTimeout(() => this.start(), reconnectDelayMs(this.#failures, Math.random()));
  }
}

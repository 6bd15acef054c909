import { randomUUID } from "node:crypto";
import { takeClaim, type Claim } from "../outbox/claim.ts";
import type { Runtime } from "../runtime.ts";
import { advanceRollout } from "./advance-rollout.ts";
import type { RolloutTimes } from "./decide-rollout.ts";
import { listRunningRollouts } from "./repo.ts";

interface DriverOptions {
  readonly times: RolloutTimes;
  /** The database is a file: no other process drives rollouts. */
  readonly isAlone: boolean;
}

const claimName = "rollouts";
const claimMs = 15_000;
/** Without a nudge it looks this often: for what other replicas wrote. */
const idleMs = 5_000;

/** Takes every rollout further whenever something was heard of its servers. One process does it at a time. */
export class RolloutDriver {
  readonly #runtime: Runtime;
  readonly #options: DriverOptions;
  readonly #holder = randomUUID();
  #hasClaimed = false;
  #hasWork = false;
  #isStopped = false;
  #isNudged = false;
  #wake: () => void = () => {};
  #loop: Promise<void> | null = null;

  constructor(runtime: Runtime, options: DriverOptions) {
    this.#runtime = runtime;
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** There may be a new rollout. */
  nudge(): void {
    this.#isNudged = true;
    this.#wake();
  }

  /** Something was heard of a server, which matters only while a rollout goes on. */
  serverHeard(): void {
    if (this.#hasWork) this.nudge();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#isNudged = false;
      let waitMs = idleMs;
      try {
        waitMs = await this.#pass();
      } catch (error) {
        this.#runtime.log.error({ err: error }, "a rollout could not be taken further");
      }
      await this.#pause(waitMs);
    }
  }

  /** @returns how long nothing is due */
  async #pass(): Promise<number> {
    const { db, clock } = this.#runtime;
    const running = await listRunningRollouts(db);
    this.#hasWork = running.length > 0;
    if (!this.#hasWork) return idleMs;
    const claim = await this.#takeClaim();
    if (claim === null) return idleMs; // Another replica does it.
    let nextMs = clock.nowMs() + idleMs;
    for (const rollout of running) {
      const lookAgainAtMs = await advanceRollout(this.#runtime, rollout, { claim, times: this.#options.times });
      if (lookAgainAtMs !== null) nextMs = Math.min(nextMs, lookAgainAtMs);
    }
    return Math.max(0, nextMs - clock.nowMs());
  }

  async #takeClaim(): Promise<Claim | null> {
    const { db, writer, clock } = this.#runtime;
    const isForced = this.#options.isAlone && !this.#hasClaimed;
    const request = { name: claimName, holder: this.#holder, nowMs: clock.nowMs(), durationMs: claimMs, isForced };
    const claim = await takeClaim({ db, writer }, request);
    this.#hasClaimed ||= claim !== null;
    return claim;
  }

  async #pause(waitMs: number): Promise<void> {
    if (this.#isStopped || this.#isNudged) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}

import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { chain } from "@quarterdeck/core/audit/chain";
import { takeClaim, type Claim } from "../outbox/claim.ts";
import type { Runtime } from "../runtime.ts";
import { appendToChain, readChainHead, readUnchained, sha256 } from "./chain-repo.ts";
import { HeadTeller } from "./head-teller.ts";

interface SequencerOptions {
  /** The database is a file: no other process writes to it. */
  readonly isAlone: boolean;
}

const claimName = "audit";
/** How long entries of other replicas wait when the one that chains them dies. */
const claimMs = 5_000;
/** What is written within this time is chained together. With the look for what other replicas wrote that is under a second. */
const gatherMs = 200;
const idleMs = { alone: 5_000, withOthers: 500 };
const batchEntries = 500;

type SequencerRuntime = Pick<Runtime, "db" | "writer" | "clock" | "log" | "changes" | "relay" | "keys">;

/**
 * Chains the audit (PROTOCOL 15.1): entries are written with what they record and get their numbers and hashes here, right
 * afterwards. One process does it at a time; that it is one is for speed, and the guards of its writes are for safety.
 */
export class AuditSequencer {
  readonly #runtime: SequencerRuntime;
  readonly #options: SequencerOptions;
  readonly #holder = randomUUID();
  readonly #stop = new AbortController();
  readonly #teller: HeadTeller;
  #claim: Claim | null = null;
  #claimedAtMs = 0;
  #loop: Promise<void> | null = null;
  #telling: Promise<void> | null = null;

  constructor(runtime: SequencerRuntime, options: SequencerOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.#teller = new HeadTeller(runtime);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Chains what was written before it is called. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.#telling;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      const isLast = signal.aborted;
      const pauseMs = this.#options.isAlone ? idleMs.alone : idleMs.withOthers;
      const woken = this.#runtime.changes.wait(pauseMs, signal); // Before the read, so that nothing written after it is missed.
      try {
        while ((await this.#chainSome()) === batchEntries);
        if (!isLast) this.#tell();
      } catch (error) {
        this.#claim = null;
        this.#runtime.log.error({ err: error }, "chaining the audit failed");
      }
      if (isLast) return;
      await woken;
      await wait(gatherMs, undefined, { signal }).catch(() => undefined); // Stopped: the last pass is due.
    }
  }

  /** Beside the chaining, which waits for no relay. */
  #tell(): void {
    const { log } = this.#runtime;
    this.#telling ??= this.#tellIfDue()
      .catch((error: unknown) => log.error({ err: error }, "telling how far the audit goes failed"))
      .finally(() => {
        this.#telling = null;
      });
  }

  async #tellIfDue(): Promise<void> {
    if (!(await this.#teller.isDue())) return;
    const claim = await this.#renewClaim();
    if (claim !== null) await this.#teller.tell(claim);
  }

  /** Chains the oldest entries that wait. Returns how many there were. */
  async #chainSome(): Promise<number> {
    const { db, writer } = this.#runtime;
    const waiting = await readUnchained(db, batchEntries);
    if (waiting.size === 0) return 0;
    const claim = await this.#renewClaim();
    if (claim === null) return 0; // Another replica does it.
    let chained = 0;
    await Promise.all(
      [...waiting].map(async ([chainId, records]) => {
        const after = await readChainHead(db, chainId);
        const entries = chain({ chainId, sha256 }, after, records);
        const outcomes = await writer.commitSoon(appendToChain({ chainId, after, entries }, claim));
        chained += outcomes.at(-1)?.rowsChanged ?? 0;
      }),
    );
    // Whoever fenced this one has chained them, or will.
    if (chained === 0) this.#claim = null;
    return chained;
  }

  /** Takes the claim, or keeps it where it lasts a while. */
  async #renewClaim(): Promise<Claim | null> {
    const { db, writer, clock } = this.#runtime;
    const nowMs = clock.nowMs();
    if (this.#claim !== null && Math.abs(nowMs - this.#claimedAtMs) < claimMs / 3) return this.#claim;
    const isForced = this.#options.isAlone && this.#claim === null;
    this.#claim = await takeClaim(
      { db, writer },
      { name: claimName, holder: this.#holder, nowMs, durationMs: claimMs, isForced },
    );
    this.#claimedAtMs = nowMs;
    return this.#claim;
  }
}

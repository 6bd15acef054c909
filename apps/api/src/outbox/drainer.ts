import { randomUUID } from "node:crypto";
import type { Clock } from "@quarterdeck/core/clock";
import type { ServerId } from "@quarterdeck/core/ids";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import type { Database } from "../db/database.ts";
import type { Log } from "../log.ts";
import { RelayUnavailableError, type RelayLink } from "../relay/relay-link.ts";
import type { Writer } from "../writer.ts";
import { takeClaim, type Claim } from "./claim.ts";
import { listServersWithOutbox, readOutboxAfter, setOutboxThrough } from "./repo.ts";

interface DrainerOptions {
  readonly db: Database;
  readonly writer: Writer;
  readonly relay: RelayLink;
  readonly clock: Clock;
  readonly log: Log;
  /** The database is a file: no other process drains it. */
  readonly isAlone: boolean;
}

const claimName = "outbox";
const claimMs = 15_000;
/** Without a nudge it looks this often: for what other replicas wrote, and whether the relay is there. */
const idleMs = 5_000;
const backoffMs = { first: 200, most: 5_000 };
const batchEntries = 100;
const batchCharacters = 512 * 1024;
const serversAtOnce = 8;

/**
 * Sends the outbox of each server to its relay object, in order, until it is stored there. Sending twice is harmless, so a
 * crash at any point only repeats; one process does it at a time all the same, so that order is kept.
 */
export class OutboxDrainer {
  readonly #options: DrainerOptions;
  readonly #holder = randomUUID();
  readonly #stop = new AbortController();
  #isNudged = false;
  #wake: () => void = () => {};
  #failures = 0;
  #claim: Claim | null = null;
  #claimedAtMs = 0;
  #loop: Promise<void> | null = null;

  constructor(options: DrainerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Something is to be sent, or the relay may be there again. */
  nudge(): void {
    this.#isNudged = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#isNudged = false;
      try {
        const isComplete = await this.#pass();
        this.#failures = isComplete ? 0 : this.#failures + 1;
      } catch (error) {
        this.#failures++;
        this.#options.log.error({ err: error }, "sending the outbox failed");
      }
      await this.#pause();
    }
  }

  /** Sends what there is; answers whether the relay took everything. */
  async #pass(): Promise<boolean> {
    const { db, relay } = this.#options;
    const claim = await this.#renewClaim();
    const pending = claim === null ? [] : await listServersWithOutbox(db); // Without the claim another replica sends.
    // With something to send, sending it is the better question.
    if ((pending.length === 0 || !relay.isReachable) && !(await relay.probe())) return false;
    if (claim === null) return true;
    const outcomes: boolean[] = [];
    const workers = Array.from({ length: serversAtOnce }, async () => {
      for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
        outcomes.push(await this.#sendAll(next, claim));
      }
    });
    await Promise.all(workers);
    return !outcomes.includes(false);
  }

  /** Takes the claim, or keeps it where it lasts a while. */
  async #renewClaim(): Promise<Claim | null> {
    const { db, writer, clock, isAlone } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#claim !== null && Math.abs(nowMs - this.#claimedAtMs) < claimMs / 3) return this.#claim;
    const isForced = isAlone && this.#claim === null;
    this.#claim = await takeClaim(
      { db, writer },
      { name: claimName, holder: this.#holder, nowMs, durationMs: claimMs, isForced },
    );
    this.#claimedAtMs = nowMs;
    return this.#claim;
  }

  async #sendAll(server: { serverId: ServerId; through: number }, claim: Claim): Promise<boolean> {
    const { db, writer, relay, log } = this.#options;
    const { serverId } = server;
    let { through } = server;
    try {
      while (!this.#stop.signal.aborted) {
        const entries = fitting(await readOutboxAfter(db, { serverId, after: through, limit: batchEntries }));
        if (entries.length === 0) return true;
        const stored = await relay.sendOutbox(serverId, entries);
        const isGap = stored < (entries[0]?.position ?? 0);
        if (isGap && stored === through) throw new RelayUnavailableError("the relay stored nothing of a batch");
        if (isGap) log.warn({ serverId, through, stored }, "the relay has less than it acknowledged; sending it again");
        const [outcome] = await writer.commit([setOutboxThrough({ serverId, through: stored }, claim)]);
        if (outcome?.rowsChanged !== 1) {
          this.#claim = null; // It is another's now.
          return false;
        }
        if (isGap && !(await this.#isThere(serverId, stored + 1))) {
          log.error(
            { serverId, stored },
            "the relay lost entries of this server that are no longer kept: enrol the server again",
          );
          return false;
        }
        through = stored;
      }
      return true;
    } catch (error) {
      if (!(error instanceof RelayUnavailableError)) throw error;
      log.warn({ serverId, err: error }, "the relay did not take the outbox; trying again");
      return false;
    }
  }

  async #isThere(serverId: ServerId, position: number): Promise<boolean> {
    const [entry] = await readOutboxAfter(this.#options.db, { serverId, after: position - 1, limit: 1 });
    return entry?.position === position;
  }

  async #pause(): Promise<void> {
    const isFailing = this.#failures > 0;
    if (this.#stop.signal.aborted || (this.#isNudged && !isFailing)) return;
    const backoff = Math.min(backoffMs.most, backoffMs.first * 2 ** (this.#failures - 1));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, isFailing ? backoff : idleMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}

function sealedLength(entry: OutboxEntry): number {
  return entry.kind === "command" ? (entry.sealed?.length ?? 0) : 0;
}

/** As many of the entries as one request carries, at least one. */
function fitting(entries: readonly OutboxEntry[]): OutboxEntry[] {
  let characters = 0;
  return entries.filter((entry, index) => {
    characters += "signed" in entry ? entry.signed.length + sealedLength(entry) + 200 : 200;
    return index === 0 || characters <= batchCharacters;
  });
}

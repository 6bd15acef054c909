import { stopsAfterMs } from "@quarterdeck/core/protocol/lease";
import { secondMs } from "@quarterdeck/core/units";
import { errorMessage, type Log } from "../log.ts";
import { readConnectedAt, writeConnectedAt } from "./held-lease-file.ts";

interface LeaseKeeperOptions {
  /** Where it is written down when there was a connection last, for the bridge after a crash. */
  readonly file: string;
  readonly bootId: string;
  /** A clock that all bridges of one boot share. */
  readonly uptimeMs: () => number;
  /** How many runs there are that may not go on without a connection. */
  readonly attachedCount: () => number;
  /** Stops them. */
  readonly stopAttached: () => void;
  readonly log: Log;
}

const lookEveryMs = 5 * secondMs;
const writeEveryMs = 30 * secondMs;

/** Stops runs that may not go on without the platform, when there has been no connection for so long (PROTOCOL 20.3). */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #timer: NodeJS.Timeout;
  /** Since when there is no connection; null while there is one. */
  #absentSinceMs: number | null;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    const { file, bootId, uptimeMs } = options;
    this.#absentSinceMs = readConnectedAt(file, bootId) ?? uptimeMs();
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  connected(): void {
    this.#absentSinceMs = null;
    this.look();
  }

  disconnected(): void {
    this.#absentSinceMs ??= this.#options.uptimeMs();
    this.look();
  }

  /** There is a run more that needs the connection. */
  attached(): void {
    this.#writtenAtMs = Number.NEGATIVE_INFINITY;
    this.look();
  }

  look(): void {
    const { attachedCount, stopAttached, uptimeMs, log } = this.#options;
    if (attachedCount() === 0) return;
    const nowMs = uptimeMs();
    if (this.#absentSinceMs === null) return this.#write(nowMs);
    if (nowMs - this.#absentSinceMs < stopsAfterMs) return;
    log.warn("there was no connection for too long: runs that may not go on without one are stopped");
    stopAttached();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #write(connectedAtMs: number): void {
    const { file, bootId, log } = this.#options;
    if (connectedAtMs - this.#writtenAtMs < writeEveryMs) return;
    try {
      writeConnectedAt(file, { bootId, connectedAtMs });
      this.#writtenAtMs = connectedAtMs;
    } catch (error) {
      // An older time stays in force: after a crash the runs would be stopped sooner than they must be.
      log.warn("when there was a connection last cannot be written down", { reason: errorMessage(error) });
    }
  }
}

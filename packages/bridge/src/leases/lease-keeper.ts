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
  #isConnected = false;
  /** When it was last known that there is a connection. A process that was halted, or slept, did not know. */
  #knownAtMs: number;
  #writtenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    const { file, bootId, uptimeMs } = options;
    const nowMs = uptimeMs();
    this.#knownAtMs = Math.min(readConnectedAt(file, bootId) ?? nowMs, nowMs);
    this.#timer = setInterval(() => this.look(), lookEveryMs).unref();
  }

  connected(): void {
    this.look();
    this.#isConnected = true;
    this.#knownAtMs = this.#options.uptimeMs();
    this.look();
  }

  disconnected(): void {
    this.look();
    this.#isConnected = false;
  }

  /** There is a run more that needs the connection. */
  attached(): void {
    this.#writtenAtMs = Number.NEGATIVE_INFINITY;
    this.look();
  }

  look(): void {
    const { attachedCount, stopAttached, uptimeMs, log } = this.#options;
    const nowMs = uptimeMs();
    if (nowMs - this.#knownAtMs >= stopsAfterMs && attachedCount() > 0) {
      log.warn("there was no connection for too long: runs that may not go on without one are stopped");
      stopAttached();
    }
    if (!this.#isConnected) return;
    this.#knownAtMs = nowMs;
    if (attachedCount() > 0) this.#write(nowMs);
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

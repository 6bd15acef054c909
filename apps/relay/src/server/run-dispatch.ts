import type { RunId } from "@quarterdeck/core/ids";
import type { BridgeLink } from "./bridge-link.ts";
import type { CommandRenewal } from "./command-renewal.ts";
import type { ObjectState } from "./object-state.ts";
import type { ObjectUpkeep } from "./object-upkeep.ts";
import { logFailure } from "./socket-errors.ts";
import type { ViewerHall } from "./viewer-hall.ts";

const noRuns: ReadonlySet<RunId> = new Set();

interface DispatchOptions {
  readonly state: ObjectState;
  readonly bridge: BridgeLink;
  readonly viewers: ViewerHall;
  readonly renewal: CommandRenewal;
  readonly upkeep: ObjectUpkeep;
}

/** Brings runs to the connected bridge, and tells it what is watched of them. */
export class RunDispatch {
  readonly #options: DispatchOptions;

  constructor(options: DispatchOptions) {
    this.#options = options;
  }

  /** Dispatches what may start, sends it, and asks for output that somebody already waits for. Returns how many runs. */
  pump(): number {
    const { state, bridge, viewers } = this.#options;
    if (!bridge.isConnected) return 0;
    const dispatched = state.transact(() => state.desk.dispatch(Date.now()));
    bridge.sendCommands();
    const asked = dispatched.length > 0 ? viewers.dispatched(dispatched) : noRuns;
    if (asked.size > 0) this.sendInterest(asked);
    this.#startRenewal();
    return dispatched.length;
  }

  sendInterest(asked: ReadonlySet<RunId>): void {
    const { bridge, viewers } = this.#options;
    if (bridge.isConnected) bridge.sendInterest(viewers.interest(asked));
  }

  /** When signatures must be asked for. Without a bridge nothing is dispatched, so nothing is renewed. */
  renewalsDueMs(): number | null {
    return this.#options.bridge.isConnected ? this.#options.renewal.dueMs(Date.now()) : null;
  }

  #startRenewal(): void {
    const { state, upkeep } = this.#options;
    const dueMs = this.renewalsDueMs();
    if (dueMs === null || dueMs > Date.now()) return;
    state.ctx.waitUntil(this.#renew());
    state.ctx.waitUntil(upkeep.settle());
  }

  async #renew(): Promise<void> {
    const { state, renewal, upkeep } = this.#options;
    try {
      if (await renewal.ask(() => Date.now())) this.pump();
    } catch (error) {
      logFailure("a renewed signature", error);
      state.forget();
    }
    await upkeep.settle();
  }
}

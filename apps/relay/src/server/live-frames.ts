import type { RunId } from "@quarterdeck/core/ids";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { isUnpaid } from "../session/frame-rate.ts";
import { decodedLength } from "../session/output-credit.ts";
import type { BridgeLink } from "./bridge-link.ts";
import { acknowledgeCommands, takeKeysVersion, takeResults } from "./bridge-streams.ts";
import type { ObjectState } from "./object-state.ts";
import type { ObjectUpkeep } from "./object-upkeep.ts";
import type { RunDispatch } from "./run-dispatch.ts";
import type { ViewerHall } from "./viewer-hall.ts";

const noRuns: ReadonlySet<RunId> = new Set();

interface LiveFramesOptions {
  readonly state: ObjectState;
  readonly bridge: BridgeLink;
  readonly viewers: ViewerHall;
  readonly dispatch: RunDispatch;
  readonly upkeep: ObjectUpkeep;
}

/** What the frames of the live bridge do, once the link has admitted them. */
export class LiveFrames {
  readonly #options: LiveFramesOptions;

  constructor(options: LiveFramesOptions) {
    this.#options = options;
  }

  async take(socket: WebSocket, frame: Exclude<BridgeToRelay, { type: "hello" }>): Promise<void> {
    const { state, bridge, viewers, dispatch, upkeep } = this.#options;
    const { sql } = state;
    if (isUnpaid(frame, () => state.server())) bridge.charge(socket, Date.now());
    if (socket.readyState !== WebSocket.OPEN) return;
    switch (frame.type) {
      case "ack": {
        const taken = state.transact(() => acknowledgeCommands(sql, frame.through));
        if (!taken.ok) return bridge.fail(socket, taken.error);
        if (dispatch.pump() > 0) await upkeep.settle();
        return;
      }
      case "results": {
        const desk = state.desk;
        const taken = state.transact(() => takeResults({ sql, desk }, frame.items, Date.now()));
        if (!taken.ok) return bridge.fail(socket, taken.error);
        bridge.acknowledgeResults(taken.value);
        dispatch.pump();
        return upkeep.settle();
      }
      case "keysTaken":
        state.transact(() => takeKeysVersion(sql, frame.version, Date.now()));
        return upkeep.settle();
      case "telemetry":
        return viewers.telemetry(frame.samples);
      case "output":
        if (!bridge.spend(socket, decodedLength(frame.data))) return;
        if (viewers.output(frame)) dispatch.sendInterest(noRuns);
        return;
      case "gap":
        if (viewers.gap(frame)) dispatch.sendInterest(noRuns);
    }
  }
}

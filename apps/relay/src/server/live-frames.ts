import type { RunId } from "@quarterdeck/core/ids";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { isUnpaid } from "../session/frame-rate.ts";
import { clearLength } from "@quarterdeck/core/protocol/content-format";
import { kibibyte } from "@quarterdeck/core/units";
import { toSlots } from "../session/telemetry-history.ts";
import { appendReport } from "../storage/reports.ts";
import { storeSlot } from "../storage/telemetry-history.ts";
import type { BridgeLink } from "./bridge-link.ts";
import { acknowledgeCommands, takeCondition, takeKeysVersion, takeResults } from "./bridge-streams.ts";
import type { ObjectState } from "./object-state.ts";
import type { ObjectUpkeep } from "./object-upkeep.ts";
import type { RunDispatch } from "./run-dispatch.ts";
import type { TelemetryReport } from "./telemetry-report.ts";
import type { ViewerHall } from "./viewer-hall.ts";

type Output = Extract<BridgeToRelay, { type: "output" }>;

const noRuns: ReadonlySet<RunId> = new Set();
const bytesPerCharge = kibibyte;

interface LiveFramesOptions {
  readonly state: ObjectState;
  readonly bridge: BridgeLink;
  readonly viewers: ViewerHall;
  readonly dispatch: RunDispatch;
  readonly upkeep: ObjectUpkeep;
  readonly report: TelemetryReport;
}

/** What the frames of the live bridge do, once the link has admitted them. */
export class LiveFrames {
  readonly #options: LiveFramesOptions;

  constructor(options: LiveFramesOptions) {
    this.#options = options;
  }

  async take(socket: WebSocket, frame: Exclude<BridgeToRelay, { type: "hello" }>): Promise<void> {
    const { state, bridge, viewers, dispatch, upkeep, report } = this.#options;
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
        bridge.acknowledgeResults(taken.value.through);
        // Counted after they were stored and acknowledged, so that a bridge with many of them gets rid of them.
        if (taken.value.unexpected > 0) bridge.charge(socket, Date.now(), taken.value.unexpected);
        dispatch.pump();
        return upkeep.settle();
      }
      case "keysTaken":
        state.transact(() => takeKeysVersion(sql, frame.version, Date.now()));
        return upkeep.settle();
      case "telemetry":
        return viewers.telemetry.readings(frame.readings);
      case "history": {
        const slots = toSlots(frame, Date.now());
        state.transact(() => {
          for (const slot of slots) storeSlot(sql, slot);
        });
        bridge.acknowledgeHistory(frame.through);
        report.stored(slots.map(({ startMs }) => startMs));
        return viewers.telemetry.history(frame);
      }
      case "condition":
        state.transact(() => takeCondition(sql, frame.blocked, Date.now()));
        dispatch.pump();
        return upkeep.settle();
      case "heldHeads": {
        const { held, told } = frame;
        state.transact(() => appendReport(sql, { kind: "heldHeads", atMs: Date.now(), held, told }));
        return upkeep.settle();
      }
      case "evidence": {
        const { signed, signature } = frame;
        // What it takes is what it is stored in: a large one counts as many.
        bridge.charge(socket, Date.now(), Math.floor(signed.length / bytesPerCharge));
        if (socket.readyState !== WebSocket.OPEN) return;
        state.transact(() => appendReport(sql, { kind: "evidence", atMs: Date.now(), signed, signature }));
        return upkeep.settle();
      }
      case "output":
        return this.#output(socket, frame);
      case "inputState":
        if (!viewers.inputs.answered(frame)) bridge.charge(socket, Date.now());
        return;
      case "gap":
        if (viewers.gap(frame)) dispatch.sendInterest(noRuns);
    }
  }

  #output(socket: WebSocket, frame: Output): void {
    const { bridge, viewers, dispatch } = this.#options;
    const bytes = clearLength(frame.data);
    if (!bridge.spend(socket, bytes)) return;
    const { isTaken, isInterestChanged } = viewers.output(frame);
    if (!bridge.admitsOutput(socket, { bytes, isTaken }, Date.now())) return;
    if (isInterestChanged) dispatch.sendInterest(noRuns);
  }
}

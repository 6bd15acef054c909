import type { Refusal } from "@quarterdeck/core/errors/result";
import { limits } from "@quarterdeck/core/protocol/limits";
import { FrameRates } from "../session/frame-rate.ts";
import { strike } from "../session/quarantine.ts";
import { VainOutput } from "../session/vain-output.ts";
import { appendReport } from "../storage/reports.ts";
import { updateServer } from "../storage/server-record.ts";
import type { ObjectState } from "./object-state.ts";

/** How the server's bridge behaves: it may send so much more than credit pays for, and one that repeats it is quarantined. */
export class BridgeConduct {
  readonly #state: ObjectState;
  readonly #rates = new FrameRates();
  #vainOutput = new VainOutput();

  constructor(state: ObjectState) {
    this.#state = state;
  }

  connected(): void {
    this.#vainOutput = new VainOutput();
  }

  interestSent(): void {
    this.#vainOutput.interestSent();
  }

  /** Counts frames that no credit pays for. Returns why the connection must end, if it must (PROTOCOL 7.3). */
  countFrames(socket: WebSocket, nowMs: number, count: number): Refusal | null {
    if (this.#rates.admits(socket, nowMs, count)) return null;
    const { controlFramesPerSecond: perSecond, controlFramesBurst: burst } = limits;
    return this.#strike(nowMs, `A connection may send ${perSecond} frames a second, and ${burst} at once.`);
  }

  /** Counts a piece of output. Returns why the connection must end, if it must. */
  countOutput(piece: { readonly bytes: number; readonly isTaken: boolean }, nowMs: number): Refusal | null {
    if (this.#vainOutput.admits(piece)) return null;
    return this.#strike(nowMs, "The bridge sends output that nobody watches.");
  }

  #strike(nowMs: number, message: string): Refusal {
    this.#state.transact(() => {
      const conduct = strike(this.#state.server(), nowMs);
      const { rateStrikes, quarantineLevel, quarantinedUntilMs: untilMs } = conduct;
      updateServer(this.#state.sql, { rateStrikes, quarantineLevel, quarantinedUntilMs: untilMs });
      if (rateStrikes.length === 0) appendReport(this.#state.sql, { kind: "quarantined", atMs: nowMs, untilMs });
    });
    return { code: "RATE_LIMITED", message };
  }
}

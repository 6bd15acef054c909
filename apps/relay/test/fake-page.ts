import { createHash } from "node:crypto";
import type { RunId } from "@quarterdeck/core/ids";
import { decodeReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { OutputFrame } from "./fake-viewer.ts";
import type { Frame, Peer } from "./peer.ts";
import { bytesIn } from "./sealed-piece.ts";

/**
 * Makes a viewer behave as the console does: it acknowledges output and answers marks, and keeps only what it counted, so
 * that a test can have hundreds of them.
 */
export class FakePage {
  readonly peer: Peer;
  samples = 0;
  newestSampleMs = 0;
  /** Every byte before this one came. */
  end = 0;
  hasEnded = false;
  readonly #hash = createHash("sha256");
  #acknowledged = 0;

  constructor(peer: Peer) {
    this.peer = peer;
    peer.socket.on("message", () => {
      for (const frame of peer.frames.splice(0)) this.#take(frame);
      peer.texts.length = 0;
    });
  }

  /** SHA-256 of the output, once it is complete. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  #take(frame: Frame): void {
    if (frame.type === "checkpoint") this.peer.send({ type: "reached", number: frame["number"] });
    if (frame.type === "telemetry") {
      this.samples++;
      this.newestSampleMs = decodeReadings(frame["readings"] as CompactReadings).at(-1)?.atMs ?? this.newestSampleMs;
    }
    if (frame.type === "output") this.#output(frame as OutputFrame);
  }

  #output({ runId, offset, data, isEnd }: OutputFrame): void {
    const bytes = bytesIn(data);
    if (offset > this.end) throw new Error(`bytes ${this.end} to ${offset} are missing`);
    if (offset + bytes.length > this.end) {
      this.#hash.update(bytes.subarray(this.end - offset));
      this.end = offset + bytes.length;
    }
    this.hasEnded ||= isEnd;
    if (isEnd || this.end - this.#acknowledged >= limits.viewerAckBytes) this.#acknowledge(runId);
  }

  #acknowledge(runId: RunId): void {
    this.#acknowledged = this.end;
    this.peer.send({ type: "ackOutput", runId, offset: this.end });
  }
}

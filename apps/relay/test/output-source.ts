import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import type { Connection, FakeServer } from "./fake-bridge.ts";
import type { Frame } from "./peer.ts";
import { id } from "./platform.ts";
import { sealedLike } from "./sealed-piece.ts";

export const sample: Sample = {
  atMs: 1,
  cpu: 100,
  cpuCapacity: 2000,
  memoryUsed: 1,
  memoryTotal: 2,
  diskUsed: 1,
  diskTotal: 2,
  networkReceived: 0,
  networkSent: 0,
  load1: 0.5,
  runs: 0,
};

export type InterestFrame = Frame & { telemetry: boolean; runs: { runId: RunId; fromOffset: number | null }[] };

/** A bridge's side of one run's output: sends pieces from where the relay asks, within the credit. */
export class OutputSource {
  readonly #connection: Connection;
  readonly #runId: RunId;
  readonly #bytes: Buffer;
  #credit: number;
  #position: number | null = null;
  #seen = 0;

  constructor(connection: Connection, runId: RunId, bytes: Buffer) {
    this.#connection = connection;
    this.#runId = runId;
    this.#bytes = bytes;
    this.#credit = connection.welcome.credit.outputBytes;
  }

  /** Handles what came and sends what may be sent. */
  step(): void {
    const { peer, welcome } = this.#connection;
    for (; this.#seen < peer.frames.length; this.#seen++) {
      const frame = peer.frames[this.#seen] as Frame;
      if (frame.type === "credit") this.#credit += frame["bytes"] as number;
      if (frame.type === "interest") this.#interest(frame as InterestFrame);
    }
    while (this.#position !== null) {
      const length = Math.min(limits.outputChunkBytes, this.#bytes.length - this.#position);
      if (length > this.#credit) return;
      const piece = this.#bytes.subarray(this.#position, this.#position + length);
      const isEnd = this.#position + length === this.#bytes.length;
      peer.send({
        type: "output",
        epoch: welcome.epoch,
        runId: this.#runId,
        offset: this.#position,
        data: sealedLike(piece),
        isEnd,
      });
      this.#credit -= length;
      this.#position = isEnd ? null : this.#position + length;
    }
  }

  #interest(frame: InterestFrame): void {
    const wanted = frame.runs.find((run) => run.runId === this.#runId);
    if (!wanted) this.#position = null;
    else if (wanted.fromOffset !== null) this.#position = wanted.fromOffset;
  }
}

export async function dispatched(server: FakeServer): Promise<{ connection: Connection; runId: RunId }> {
  const connection = await server.connect();
  const { runId } = await server.submit({ projectId: id("project") });
  await server.commands(connection);
  return { connection, runId };
}

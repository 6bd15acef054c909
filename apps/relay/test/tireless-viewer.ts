import type { Socket } from "node:net";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { decodeReadings, type CompactReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { openViewer, type OutputFrame } from "./fake-viewer.ts";
import type { Frame, Peer } from "./peer.ts";
import { bytesIn } from "./sealed-piece.ts";
import type { RelayRuntime } from "./relay-runtime.ts";

interface Watched {
  readonly serverId: ServerId;
  readonly runId: RunId;
}

/** A page that never gives up: it connects again whenever it is cut off, and goes on with a run's output where it was. */
export class TirelessViewer {
  connections = 0;
  output = Buffer.alloc(0);
  isComplete = false;
  /** The times of the readings that it was sent of the past. */
  readonly past = new Set<number>();
  readonly #relay: RelayRuntime;
  readonly #watched: Watched;
  #peer: Peer | undefined;
  #isStopped = false;
  #running: Promise<void> | undefined;

  constructor(relay: RelayRuntime, watched: Watched) {
    this.#relay = relay;
    this.#watched = watched;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#peer?.leave();
    await this.#running;
  }

  /** Says something that is no WebSocket frame at all: to the relay its connection ends with an error. */
  garble(): void {
    const socket = (this.#peer?.socket as unknown as { _socket: Socket } | undefined)?._socket;
    socket?.write(Buffer.alloc(16, 0xff), () => socket.destroy());
  }

  async #run(): Promise<void> {
    const { serverId, runId } = this.#watched;
    while (!this.#isStopped) {
      try {
        this.#peer = await openViewer(this.#relay, serverId, { topics: ["telemetry", `output:${runId}`] });
        this.connections++;
        if (this.#isStopped) return this.#peer.leave(); // Stopped while it came back.
        await this.#watch(this.#peer);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("closed with")) throw error;
      }
    }
  }

  async #watch(peer: Peer): Promise<void> {
    const { runId } = this.#watched;
    peer.send({ type: "watchTelemetry", historyMs: limits.telemetryHistoryMs });
    if (!this.isComplete) peer.send({ type: "watchOutput", runId, fromOffset: this.output.length });
    for (let seen = 0; ; seen++) {
      await peer.until(() => peer.frames.length > seen, "a frame");
      this.#take(peer, peer.frames[seen] as Frame);
    }
  }

  #take(peer: Peer, frame: Frame): void {
    if (frame.type === "gap") throw new Error("the relay says that output is lost");
    if (frame.type === "checkpoint") peer.send({ type: "reached", number: frame["number"] });
    if (frame.type === "history")
      for (const { atMs } of decodeReadings(frame["readings"] as CompactReadings)) this.past.add(atMs);
    if (frame.type !== "output") return;
    const { runId, offset, data, isEnd } = frame as OutputFrame;
    if (offset > this.output.length) throw new Error(`bytes ${this.output.length} to ${offset} are missing`);
    this.output = Buffer.concat([this.output, bytesIn(data).subarray(this.output.length - offset)]);
    this.isComplete ||= isEnd;
    peer.send({ type: "ackOutput", runId, offset: this.output.length });
  }
}

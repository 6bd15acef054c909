import type { RunId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { Connection, FakeServer } from "./fake-bridge.ts";
import type { Frame } from "./peer.ts";

type CommandsFrame = Frame & { items: (SignedText & { seq: number })[] };

/**
 * A bridge that never gives up: it connects again whenever it is cut off, takes each command once, finishes it at once, and
 * sends each result until the relay has it. It can be told to hold its results back.
 */
export class TirelessBridge {
  /** The runs that it started, in order. */
  readonly started: RunId[] = [];
  holdsResults = false;
  connections = 0;
  /** What it does besides when it is welcomed, and with frames that bring no commands. */
  onWelcome: (connection: Connection) => void = () => undefined;
  onFrame: (frame: Frame, connection: Connection) => void = () => undefined;
  readonly #server: FakeServer;
  readonly #results: SignedText[] = [];
  #connection: Connection | undefined;
  #isStopped = false;
  #running: Promise<void> | undefined;

  constructor(server: FakeServer) {
    this.#server = server;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#connection?.peer.leave();
    await this.#running;
  }

  /** Cuts its connection; it comes back. */
  cut(): void {
    this.#connection?.peer.socket.terminate();
  }

  sendResults(): void {
    this.holdsResults = false;
    this.#sendResultsAfter(0);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        this.#connection = await this.#server.connect();
        this.connections++;
        if (this.#isStopped) return this.#connection.peer.leave(); // Stopped while it came back.
        await this.#serve(this.#connection);
      } catch (error) {
        // Cut off, or not let in; whatever it was, it tries again.
        if (!(error instanceof Error) || !error.message.startsWith("closed with")) throw error;
      }
    }
  }

  async #serve(connection: Connection): Promise<void> {
    const { peer, welcome } = connection;
    this.#sendResultsAfter(welcome.received.results);
    this.onWelcome(connection);
    for (let seen = 0; ; seen++) {
      await peer.until(() => peer.frames.length > seen, "a frame");
      const frame = peer.frames[seen];
      if (frame && frame.type !== "commands") this.onFrame(frame, connection);
      if (frame?.type !== "commands") continue;
      const { items } = frame as CommandsFrame;
      for (const { seq, signed } of items) if (seq > this.#server.commandsReceived) await this.#take(seq, signed);
      const through = this.#server.commandsReceived;
      peer.send({ type: "ack", epoch: welcome.epoch, stream: "commands", through });
      this.#sendResultsAfter(this.#results.length - items.length);
    }
  }

  async #take(seq: number, signed: string): Promise<void> {
    if (seq !== this.#server.commandsReceived + 1) throw new Error(`command ${seq} came out of turn`);
    this.#server.commandsReceived = seq;
    const command = JSON.parse(signed) as Command;
    this.started.push(command.runId);
    this.#results.push(await this.#server.result(command));
  }

  #sendResultsAfter(after: number): void {
    if (this.holdsResults || !this.#connection) return;
    const { peer, welcome } = this.#connection;
    const items = this.#results.map((result, index) => ({ seq: index + 1, ...result })).slice(Math.max(0, after));
    for (let from = 0; from < items.length; from += 100) {
      peer.send({ type: "results", epoch: welcome.epoch, items: items.slice(from, from + 100) });
    }
  }
}

import { once } from "node:events";
import type { QuarterdeckClient } from "@quarterdeck/api/client";
import { openContent } from "@quarterdeck/core/protocol/content-sealing";
import { decodeFrame, encodeFrame } from "@quarterdeck/core/protocol/codec";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { WebSocket } from "ws";
import { relayToViewerSchema, type RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import { featuresText } from "@quarterdeck/core/protocol/viewer-features";
import type { ViewerToRelay } from "@quarterdeck/core/protocol/viewer-to-relay";

const encode = (frame: ViewerToRelay) => encodeFrame(frame);

type Listener = (frame: RelayToViewer) => void;

/** What the console does to watch: one WebSocket to a server's relay object, and a further ticket for each run. */
export class ConsoleViewer {
  readonly #client: QuarterdeckClient;
  readonly #serverId: ServerId;
  readonly #socket: WebSocket;
  readonly #listeners = new Set<Listener>();

  private constructor(client: QuarterdeckClient, serverId: ServerId, socket: WebSocket) {
    this.#client = client;
    this.#serverId = serverId;
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      const frame = decodeFrame(relayToViewerSchema, data.toString());
      if (!frame.ok) throw new Error(frame.error.message);
      const frames = frame.value.type === "batch" ? frame.value.frames : [frame.value];
      for (const one of frames) for (const listener of this.#listeners) listener(one);
    });
  }

  static async open(client: QuarterdeckClient, serverId: ServerId, url: string): Promise<ConsoleViewer> {
    const ticket = await client.api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
    const address = new URL(ticket.path, url.replace(/^http/, "ws"));
    address.searchParams.set("ticket", ticket.ticket);
    address.searchParams.set("features", featuresText());
    const socket = new WebSocket(address, { origin: new URL(url).origin });
    await once(socket, "open");
    return new ConsoleViewer(client, serverId, socket);
  }

  /** Watches a run's output from its first byte. Resolves with the times of the first byte and of the end. */
  async watch(runId: RunId): Promise<{ firstAt: number; endAt: number }> {
    const { ticket, contentKeys } = await this.#client.api.servers.viewerTicket.mutate({
      serverId: this.#serverId,
      telemetry: false,
      runIds: [runId],
    });
    const keys = contentKeys.find((run) => run.runId === runId)?.keys ?? [];
    return new Promise((resolve, reject) => {
      let firstAt = Number.NaN;
      let turn = Promise.resolve();
      const take = async ({ offset, data, isEnd }: Extract<RelayToViewer, { type: "output" }>) => {
        const opened = await openContent(data, { runId, place: { kind: "output", offset, isEnd } }, keys);
        if (!opened.ok) throw new Error(opened.error.message);
        if (Number.isNaN(firstAt) && opened.value.length > 0) firstAt = performance.now();
        if (!isEnd) return;
        this.#listeners.delete(listener);
        resolve({ firstAt, endAt: performance.now() });
      };
      const listener: Listener = (frame) => {
        if (frame.type === "error") reject(new Error(frame.message));
        if (frame.type === "output" && frame.runId === runId) turn = turn.then(() => take(frame)).catch(reject);
      };
      this.#listeners.add(listener);
      this.#socket.send(encode({ type: "authorize", ticket }));
      this.#socket.send(encode({ type: "watchOutput", runId, fromOffset: 0 }));
    });
  }

  close(): void {
    this.#socket.close();
  }
}

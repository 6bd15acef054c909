import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer, type RawData } from "ws";

/** Passes WebSockets on to a relay and keeps every message, as the relay's operator could. */
export interface RecordingProxy {
  /** `ws://127.0.0.1:PORT` */
  readonly url: string;
  /** Every message in both directions, with the path of its connection. */
  recorded(): string;
  close(): Promise<void>;
}

export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const messages: string[] = [];
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (near, request) => {
    messages.push(request.url ?? "");
    const far = new WebSocket(new URL(request.url ?? "/", target));
    const waiting: string[] = [];
    near.on("message", (data) => {
      const text = textOf(data);
      messages.push(text);
      if (far.readyState === WebSocket.OPEN) far.send(text);
      else waiting.push(text);
    });
    far.on("open", () => {
      for (const text of waiting) far.send(text);
    });
    far.on("message", (data) => {
      const text = textOf(data);
      messages.push(text);
      near.send(text);
    });
    near.on("close", () => far.close());
    far.on("close", () => near.close());
    for (const socket of [near, far]) socket.on("error", () => socket.terminate());
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    recorded: () => messages.join("\n"),
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      http.close();
      await once(http, "close");
    },
  };
}

function textOf(data: RawData): string {
  return (data as Buffer).toString("utf8");
}

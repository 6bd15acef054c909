// A relay of output in one Node process: `ws`, the same batches and the same credit as ours, and nothing else: no checks, no
// offsets, no acknowledgements, no storage.
import { createServer } from "node:http";
import { limits } from "@quarterdeck/core/protocol/limits";
import { type WebSocket, WebSocketServer } from "ws";
import { batchText, FrameGatherer } from "../../../apps/relay/src/session/frame-gatherer.ts";

const viewers = new Set<WebSocket>();
// All viewers get the same, so one gatherer serves them all.
const gatherer = new FrameGatherer();
let timer: NodeJS.Timeout | undefined;

function sendAll(groups: readonly (readonly string[])[]): void {
  for (const texts of groups) {
    const message = batchText(texts);
    for (const viewer of viewers) viewer.send(message);
  }
}

function hold(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    sendAll(gatherer.take(Date.now()));
  }, limits.batchGatherMs);
}

const http = createServer((_request, response) => response.end("ok"));
new WebSocketServer({ server: http, perMessageDeflate: false }).on("connection", (socket, request) => {
  if (request.url !== "/source") return void viewers.add(socket);
  let spent = 0;
  socket.on("message", (data: Buffer) => {
    const text = data.toString();
    sendAll(gatherer.offer(text, Date.now()));
    if (gatherer.isHolding) hold();
    const { data: piece } = JSON.parse(text) as { data: string };
    spent += Buffer.byteLength(piece, "base64");
    if (spent < limits.outputCreditBytes / 2) return;
    socket.send(String(spent));
    spent = 0;
  });
});
http.listen(Number(process.argv[2]), "127.0.0.1");

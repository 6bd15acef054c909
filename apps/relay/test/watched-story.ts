import type { RunId } from "@quarterdeck/core/ids";
import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import type { WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import { expect } from "vitest";
import { capabilities, FakeServer, type Connection } from "./fake-bridge.ts";
import { sample, type InterestFrame } from "./output-source.ts";
import { eventually, type Frame } from "./peer.ts";
import { callUntil, post } from "./persistent-calls.ts";
import { id, orgId } from "./platform.ts";
import type { RelayRuntime } from "./relay-runtime.ts";
import { sealedLike } from "./sealed-piece.ts";
import { TirelessBridge } from "./tireless-bridge.ts";
import { TirelessViewer } from "./tireless-viewer.ts";

const output = Buffer.from("0123456789".repeat(2000));
const pieceBytes = 12_000;
const head = { signed: '{"seq":7}', signature: "A".repeat(86) };

/** A bridge that shows the output of its runs, brings one reading of the past until it is stored, and leaves when it is asked to. */
class ShowingBridge extends TirelessBridge {
  readonly pastMs = Date.now() - 60_000;
  isPastStored = false;
  override onWelcome = (connection: Connection): void => {
    const { peer, welcome } = connection;
    const readings = encodeReadings([{ ...sample, atMs: this.pastMs }]);
    if (!this.isPastStored) peer.send({ type: "history", epoch: welcome.epoch, through: 1, readings, gaps: [] });
  };
  override onFrame = (frame: Frame, connection: Connection): void => {
    if (frame.type === "historyStored") this.isPastStored = true;
    if (frame.type === "drain") connection.peer.leave();
    if (frame.type !== "interest") return;
    for (const { runId, fromOffset } of (frame as InterestFrame).runs)
      if (fromOffset !== null) show(connection, runId, fromOffset);
  };
}

function show({ peer, welcome }: Connection, runId: RunId, fromOffset: number): void {
  for (let offset = fromOffset; offset < output.length; offset += pieceBytes) {
    const data = sealedLike(output.subarray(offset, offset + pieceBytes));
    const isEnd = offset + pieceBytes >= output.length;
    peer.send({ type: "output", epoch: welcome.epoch, runId, offset, data, isEnd });
  }
}

/**
 * A run whose signature has run out is signed anew and watched to the end of its output, by a page that also sees the past; one that
 * waits behind it is asked about and cancelled; the audit's head is told, a page's connection breaks, and the server is sent away for a deployment.
 */
export async function watchedStory(relay: RelayRuntime): Promise<void> {
  relay.api.renew = async (serverId, runIds) => {
    const sign = async (runId: RunId) => {
      const { command: _, ...text } = await relay.platform.command(serverId, { runId, attempt: 2 });
      return { runId, ...text };
    };
    return { renewed: await Promise.all(runIds.map(sign)) };
  };
  const server = await FakeServer.make(relay, { orgId, isRegistered: false });
  server.capabilities = { ...capabilities, features: ["drain", "auditHeads"] };
  await post(server, [{ kind: "register", orgId, publicKey: server.publicKey }]);
  const projectId = id("project");
  const submitted: RunId[] = [];
  const entries: object[] = [];
  for (const expiresAtMs of [Date.now() + 60_000, Date.now() + 900_000]) {
    const { command, ...text } = await relay.platform.command(server.serverId, { projectId, expiresAtMs });
    submitted.push(command.runId);
    entries.push({ kind: "command", ...text });
  }
  const [watched, waiting] = submitted as [RunId, RunId];
  await post(server, entries);
  const bridge = new ShowingBridge(server);
  bridge.holdsResults = true;
  bridge.start();
  await eventually(
    () => bridge.started,
    ({ length }) => length > 0,
  );
  const viewer = new TirelessViewer(relay, { serverId: server.serverId, runId: watched });
  viewer.start();
  const isBehind = ({ waiting: why }: WaitingAnswer) => why?.reason === "order" && why.behind === watched;
  await callUntil(server, { path: `waiting/${waiting}` }, isBehind);
  await callUntil(server, { path: "audit-head", body: { head } }, ({ isTold }: { isTold: boolean }) => isTold);
  await eventually(() => viewer.isComplete && viewer.past.has(bridge.pastMs), Boolean);
  await again(viewer, () => viewer.garble());
  await post(server, [
    { kind: "cancel", runId: waiting, ...(await relay.platform.cancelOf(server.serverId, waiting)) },
  ]);
  await again(bridge, async () => {
    await callUntil(server, { path: "drain", body: {} }, ({ isConnected }: { isConnected: boolean }) => isConnected);
  });
  bridge.sendResults();
  const reports = () => relay.api.reports(server.serverId);
  const results = () => reports().flatMap((report) => (report.kind === "result" ? [report.signed] : []));
  const ended = () => reports().flatMap((report) => (report.kind === "ended" ? [[report.runId, report.code]] : []));
  await eventually(
    () => results().length + ended().length,
    (count) => count >= 2,
  );
  await Promise.all([viewer.stop(), bridge.stop()]);
  expect(bridge.started).toEqual([watched]);
  expect(results().map((signed) => (JSON.parse(signed) as { runId: RunId }).runId)).toEqual([watched]);
  expect(ended()).toEqual([[waiting, "CANCELLED"]]);
  expect(viewer.output.equals(output)).toBe(true);
}

/** Does something that costs a peer its connection, and waits until it is back. */
async function again(peer: { readonly connections: number }, cut: () => void | Promise<void>): Promise<void> {
  const before = peer.connections;
  await cut();
  await eventually(
    () => peer.connections,
    (connections) => connections > before,
  );
}

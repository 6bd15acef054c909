import { randomBytes } from "node:crypto";
import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { id } from "../../../apps/relay/test/platform.ts";
import { contentKeyOf, RunSealer } from "../../../packages/bridge/src/sealing/run-sealer.ts";
import { median, percentile } from "../percentile.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import type { WireEnd } from "../rig/wire-end.ts";
import { compare, type Row } from "../row.ts";
import { readSampleOf } from "./generated-sample.ts";
import { pace, rest, until } from "./load-round.ts";

const rounds = 5;
const good = 200;
const roundMs = 4000;
const piecesPerSecond = 10;
const pieceBytes = 4096;
/** Well below what a viewer may be behind among so many: the bridge here cannot send anything again. */
const ackBytes = limits.viewerAckBytes / 4;

/**
 * 200 viewers that read what comes, with and without two beside them that watch the same: one that reads nothing and one that answers
 * nothing. Measured is how long a piece of output is on its way to each of the 200, from the bridge to the viewer's socket.
 */
export async function measureNeighbours(): Promise<Row[]> {
  await using rig = await RelayRig.start();
  const identity = await rig.register();
  const runId = id("run");
  const key = contentKeyOf({ epoch: 1, key: randomBytes(32).toString("base64url") }, runId);
  const place = { kind: "output", offset: 0, isEnd: false } as const;
  const data = new RunSealer(runId, key).seal(Buffer.alloc(pieceBytes), place);
  const sentAtMs: number[] = [];
  let waitsMs: number[] = [];
  let [interests, arrived] = [0, 0];
  const bridge = await rig.openBridge(identity, { onInterest: () => interests++ });
  const sendPiece = () => {
    const offset = sentAtMs.push(performance.now()) * pieceBytes - pieceBytes;
    bridge.send({ type: "output", runId, offset, data, isEnd: false });
    if (sentAtMs.length % piecesPerSecond === 0)
      bridge.send({ type: "telemetry", readings: encodeReadings([readSampleOf(Date.now())]) });
  };
  /** Joins at the newest piece, as a page does that wants what comes from now on. */
  const watch = async (onMessage: (message: Buffer) => void): Promise<WireEnd> => {
    const viewer = await rig.openViewer(identity, ["telemetry", `output:${runId}`], onMessage);
    viewer.send(JSON.stringify({ type: "watchTelemetry" }));
    viewer.send(JSON.stringify({ type: "watchOutput", runId, fromOffset: sentAtMs.length * pieceBytes }));
    return viewer;
  };
  for (let count = 0; count < good; count++) {
    let unacknowledged = 0;
    const viewer = await watch((message) => {
      for (const offset of offsetsIn(message)) {
        waitsMs.push(performance.now() - (sentAtMs[offset / pieceBytes] ?? 0));
        arrived++;
        unacknowledged += pieceBytes;
        if (unacknowledged < ackBytes) continue;
        unacknowledged = 0;
        viewer.send(JSON.stringify({ type: "ackOutput", runId, offset: offset + pieceBytes }));
      }
    });
  }
  await until(() => interests >= good, "the viewers' interest");
  const p99Ms = { beside: [] as number[], alone: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    for (const side of ["alone", "beside"] as const) {
      const bad = side === "beside" ? [await watch(() => undefined), await watch(() => undefined)] : [];
      bad[0]?.pause();
      [waitsMs, arrived] = [[], 0];
      await pace(sendPiece, { actors: 1, perSecond: piecesPerSecond, forMs: roundMs });
      await until(() => arrived === good * ((piecesPerSecond * roundMs) / 1000), `${side}: all pieces`);
      if (round >= 0) p99Ms[side].push(percentile(waitsMs, 0.99));
      for (const viewer of bad) viewer.close();
      await rest(500); // That they left must not count for the other side.
    }
  }
  return [
    compare({
      what: "output to 200 viewers beside a dead and a mute one, p99",
      ours: median(p99Ms.beside),
      peer: median(p99Ms.alone),
      peerName: "the same without the two",
      unit: "ms",
      bar: 1.1,
      direction: "at most",
      config: { rounds, viewers: good, roundMs, piecesPerSecond, pieceBytes },
    }),
  ];
}

const offsetText = /"type":"output"[^}]*?"offset":(\d+)/g;

function offsetsIn(message: Buffer): number[] {
  return [...message.toString("latin1").matchAll(offsetText)].map(([, offset]) => Number(offset));
}

import { randomBytes } from "node:crypto";
import type { RunId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { id } from "../../../apps/relay/test/platform.ts";
import { contentKeyOf, RunSealer } from "../../../packages/bridge/src/sealing/run-sealer.ts";
import { median } from "../percentile.ts";
import { CoalescingWs } from "../peers/coalescing-ws.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { compare, type Row } from "../row.ts";
import { cpuMicrosDuring, rest, until } from "./load-round.ts";

const rounds = 5;
const viewers = 50;
const roundMs = 4000;

/** What is in a piece, sealed. */
interface Piece {
  readonly what: string;
  readonly data: string;
  /** Of what is sealed: credit and offsets count these. */
  readonly bytes: number;
}

function pieceOf(what: string, contentBytes: number): Piece {
  const runId = id("run");
  const key = contentKeyOf({ epoch: 1, key: randomBytes(32).toString("base64url") }, runId);
  // Nobody opens it here, so that the load's core is not what is measured.
  const place = { kind: "output", offset: 0, isEnd: false } as const;
  return { what, data: new RunSealer(runId, key).seal(Buffer.alloc(contentBytes), place), bytes: contentBytes };
}

const pieces = [
  pieceOf("a line or two each", 200),
  // A bridge reads what has been written since, so in a flood its pieces are large.
  pieceOf("16 KiB each", 16 * 1024),
];

/** Sends pieces as long as there is credit for them, while it is on. */
interface Source {
  isOn: boolean;
  pump(): void;
}

/** A run that writes as fast as credit allows, watched by 50 viewers; beside `ws` in Node with the same credit and batches. */
export async function measureFlood(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const piece of pieces) rows.push(await measurePieces(piece));
  return rows;
}

async function measurePieces(piece: Piece): Promise<Row> {
  await using rig = await RelayRig.start();
  await using peer = await CoalescingWs.start();
  let arrived = 0;
  const sides = {
    ours: { pid: rig.pid, source: await openOurs(rig, piece, (count) => (arrived += count)) },
    peer: { pid: peer.pid, source: await openPeer(peer, piece, (count) => (arrived += count)) },
  };
  const rate = { ours: [] as number[], peer: [] as number[] };
  const busy = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    for (const side of ["ours", "peer"] as const) {
      const { pid, source } = sides[side];
      const beganAtMs = performance.now();
      arrived = 0;
      const used = await cpuMicrosDuring(pid, async () => {
        source.isOn = true;
        source.pump();
        await rest(roundMs);
      });
      const lastedMs = performance.now() - beganAtMs;
      const delivered = arrived;
      source.isOn = false;
      await rest(500); // What is under way must not count for the other side.
      if (round < 0) continue;
      rate[side].push((delivered * 1000) / lastedMs);
      busy[side].push(used / lastedMs / 10);
    }
  }
  return compare({
    what: `output flood to 50 viewers, ${piece.what}`,
    ours: median(rate.ours),
    peer: median(rate.peer),
    peerName: "ws, coalescing",
    unit: "deliveries/s",
    bar: 0.5,
    direction: "at least",
    config: {
      rounds,
      viewers,
      roundMs,
      pieceBytes: piece.bytes,
      creditBytes: limits.outputCreditBytes,
      serverCoreBusyPercent: median(busy.ours),
      peerCoreBusyPercent: median(busy.peer),
    },
  });
}

function outputText(runId: RunId, offset: number, data: string) {
  return { type: "output" as const, runId, offset, data, isEnd: false };
}

const mark = Buffer.from('"type":"output"');

/** Pieces are counted and not parsed, so that the load's core is not what is measured. */
function countPieces(message: Buffer): number {
  let count = 0;
  for (let at = message.indexOf(mark); at >= 0; at = message.indexOf(mark, at + mark.length)) count++;
  return count;
}

async function openOurs(rig: RelayRig, piece: Piece, onArrived: (count: number) => void): Promise<Source> {
  const identity = await rig.register();
  const runId = id("run");
  let credit: number = limits.outputCreditBytes;
  let offset = 0;
  let isWanted = false;
  const source: Source = {
    isOn: false,
    pump() {
      for (; source.isOn && isWanted && credit >= piece.bytes; credit -= piece.bytes, offset += piece.bytes)
        bridge.send(outputText(runId, offset, piece.data));
    },
  };
  let watches = 0;
  const bridge = await rig.openBridge(identity, {
    onInterest({ runs }) {
      isWanted = runs.length > 0;
      for (const { fromOffset } of runs) {
        if (fromOffset === null) continue;
        watches++;
        offset = fromOffset; // Whoever has more drops what it knows, as with the shipped reader of output files.
      }
      source.pump();
    },
    onCredit(bytes) {
      credit += bytes;
      source.pump();
    },
  });
  for (let viewer = 0; viewer < viewers; viewer++) {
    let received = 0;
    let acknowledged = 0;
    const socket = await rig.openViewer(identity, [`output:${runId}`], (message) => {
      const count = countPieces(message);
      onArrived(count);
      received += count * piece.bytes;
      if (received - acknowledged < limits.viewerAckBytes) return;
      acknowledged = received;
      socket.send(JSON.stringify({ type: "ackOutput", runId, offset: received }));
    });
    socket.send(JSON.stringify({ type: "watchOutput", runId, fromOffset: 0 }));
  }
  await until(() => watches === viewers, "the viewers' interest");
  return source;
}

async function openPeer(peer: CoalescingWs, piece: Piece, onArrived: (count: number) => void): Promise<Source> {
  const runId = id("run");
  let credit: number = limits.outputCreditBytes;
  let offset = 0;
  const source: Source = {
    isOn: false,
    pump() {
      for (; source.isOn && credit >= piece.bytes; credit -= piece.bytes, offset += piece.bytes)
        socket.send(JSON.stringify({ ...outputText(runId, offset, piece.data), epoch: 1 }));
    },
  };
  const socket = await peer.open("/source", (message) => {
    credit += Number(message.toString());
    source.pump();
  });
  for (let viewer = 0; viewer < viewers; viewer++) {
    await peer.open("/viewer", (message) => onArrived(countPieces(message)));
  }
  return source;
}

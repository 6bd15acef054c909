import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { median } from "../percentile.ts";
import { BareRig } from "../rig/bare-rig.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { compare, type Row } from "../row.ts";
import { cpuMicrosDuring, pace, until } from "./load-round.ts";
import { readSampleOf } from "./generated-sample.ts";

const rounds = 5;
const servers = 10;
const viewers = 50;
const roundMs = 4000;
const expected = (servers * viewers * roundMs) / 1000;

/** Telemetry of watched servers, each to 50 viewers at 1 Hz. */
export async function measureTelemetry(): Promise<Row[]> {
  await using rig = await RelayRig.start();
  await using bare = await BareRig.start();
  let arrived = 0;
  const count = (message: Buffer) => {
    if (message.includes('"telemetry"')) arrived++;
  };
  const send: Record<"ours" | "peer", (() => void)[]> = { ours: [], peer: [] };
  for (let server = 0; server < servers; server++) {
    const identity = await rig.register();
    const bridge = await rig.openBridge(identity);
    const name = `server-${server}`;
    const source = await bare.open("bridge", name, () => undefined);
    for (let viewer = 0; viewer < viewers; viewer++) {
      const watching = await rig.openViewer(identity, ["telemetry"], count);
      watching.send(JSON.stringify({ type: "watchTelemetry" }));
      await bare.open("viewer", name, count);
    }
    const readings = () => encodeReadings([readSampleOf(Date.now())]);
    send.ours.push(() => bridge.send({ type: "telemetry", readings: readings() }));
    send.peer.push(() => {
      source.send(JSON.stringify({ type: "telemetry", readings: readings(), epoch: 1 }));
    });
  }
  const pids = { ours: rig.pid, peer: bare.pid };
  const cpu = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    for (const side of ["ours", "peer"] as const) {
      arrived = 0;
      const used = await cpuMicrosDuring(pids[side], async () => {
        await pace((actor) => send[side][actor]?.(), { actors: servers, perSecond: 1, forMs: roundMs });
        await until(() => arrived === expected, `${side}: all samples`);
      });
      if (round >= 0) cpu[side].push(used / (expected / viewers));
    }
  }
  return [
    compare({
      what: "telemetry to 50 viewers, relay CPU a sample",
      ours: median(cpu.ours),
      peer: median(cpu.peer),
      peerName: "bare object",
      unit: "µs",
      bar: 1.3,
      direction: "at most",
      config: { rounds, servers, viewersPerServer: viewers, hertz: 1, roundMs },
    }),
  ];
}

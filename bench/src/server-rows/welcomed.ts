import { median, percentile } from "../percentile.ts";
import { buildBridge, PackagedBridge } from "../rig/packaged-bridge.ts";
import { compare, type Row } from "../row.ts";

const rounds = 15;
const barMs = 500;

/** From the start of the bridge's first process until the relay has welcomed it, with what it checks at each start. */
export async function measureWelcomed(): Promise<Row[]> {
  buildBridge();
  await using bridge = await PackagedBridge.enrol();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    times.push(await bridge.start());
    await bridge.stop();
  }
  return [
    compare({
      what: "bridge from process start to welcomed, p50",
      ours: median(times),
      peer: barMs,
      peerName: "the bar itself",
      unit: "ms",
      bar: 1,
      direction: "at most",
      config: { rounds, p99: percentile(times, 0.99) },
    }),
  ];
}

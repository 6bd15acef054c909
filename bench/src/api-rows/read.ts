import { BareTrpc } from "../peers/bare-trpc-process.ts";
import { median } from "../percentile.ts";
import { sendAll } from "../rig/http-load.ts";
import { LoneApi } from "../rig/lone-api.ts";
import { compare, type Row } from "../row.ts";

const rounds = 7;
const perRound = 2_000;
const atOnce = 32;

/** A signed-in read of one thing, beside one that checks nothing. */
export async function measureRead(): Promise<Row[]> {
  await using ours = await LoneApi.start();
  await using peer = await BareTrpc.start();
  const { headers, workspaceId } = ours;
  const calls = {
    ours: { url: ours.query("workspaces.get", { workspaceId }), headers },
    peer: { url: `${peer.url}/trpc/get?input=${encodeURIComponent('{"id":"thing"}')}`, headers },
  };
  const rates = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    for (const side of ["ours", "peer"] as const) {
      const { perSecond } = await sendAll(
        Array.from({ length: perRound }, () => calls[side]),
        atOnce,
      );
      if (round >= 0) rates[side].push(perSecond);
    }
  }
  return [
    compare({
      what: "signed-in read of one thing",
      ours: median(rates.ours),
      peer: median(rates.peer),
      peerName: "hono + tRPC + one libSQL read, no checks",
      unit: "requests/s",
      bar: 0.6,
      direction: "at least",
      config: { rounds, perRound, atOnce, procedure: "workspaces.get" },
    }),
  ];
}

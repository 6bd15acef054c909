import { spawn } from "node:child_process";
import { median, percentile } from "../percentile.ts";
import { buildBridge, PackagedBridge } from "../rig/packaged-bridge.ts";
import { compare, type Row } from "../row.ts";

const rounds = 60;
const addedMs = 30;

/**
 * From the command's arrival at the bridge to its program's first output at the relay, beside the same program started bare:
 * with checks, journal, wrapper, group and sandbox.
 */
export async function measureRunStart(): Promise<Row[]> {
  buildBridge();
  await using bridge = await PackagedBridge.enrol();
  await bridge.start();
  const { relay } = bridge;
  const first = await relay.send({ action: "exec", params: { program: "echo", args: ["warm"] } });
  await relay.untilFinished(first);
  const ours: number[] = [];
  const peer: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { command, text } = await relay.platform.makeCommand({
      action: "exec",
      params: { program: "echo", args: ["x"] },
    });
    relay.watch({ runs: [command.runId] });
    const sentAt = performance.now();
    relay.sendSigned(text);
    await relay.changes.until(() => relay.output.get(command.runId)?.bytes.length, "the first output");
    ours.push((relay.output.get(command.runId)?.firstAtMs ?? Number.NaN) - sentAt);
    await relay.untilFinished(command.runId);
    peer.push(await firstOutputBare());
  }
  const { driver, isolation } = relay.hello?.capabilities ?? {};
  return [
    compare({
      what: "start of a sandboxed, limited run → first output, p50",
      ours: median(ours),
      peer: median(peer) + addedMs,
      peerName: `the same program started bare + ${addedMs} ms`,
      unit: "ms",
      bar: 1,
      direction: "at most",
      config: {
        rounds,
        driver: String(driver),
        isolation: String(isolation),
        oursP99: percentile(ours, 0.99),
        bare: median(peer),
      },
    }),
  ];
}

function firstOutputBare(): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn("echo", ["x"], { stdio: ["ignore", "pipe", "ignore"] });
    child.once("error", reject);
    child.stdout.once("data", () => resolve(performance.now() - startedAt));
  });
}

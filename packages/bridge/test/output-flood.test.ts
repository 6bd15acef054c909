import { readFileSync, statSync } from "node:fs";
import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import { readMarker } from "../src/runs/run-files.ts";
import { RealBridge } from "./real-bridge.ts";

/** The most memory that a process ever held, in bytes. */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

it("[F9] [S8] a program that prints 1 GB costs its limit of disk and little memory, and what was cut is said", async () => {
  await using bridge = await RealBridge.start();
  const limit = 8 * mebibyte;
  const script = `const piece = Buffer.alloc(1 << 20, 'y'); let left = 1024;
    const more = () => { while (left-- > 0) if (!process.stdout.write(piece)) return process.stdout.once('drain', more); };
    more();`;
  const runId = await bridge.relay.send({
    action: "exec",
    params: { program: "node", args: ["-e", script] },
    overrides: { limits: { timeoutMs: 120_000, outputBytes: limit } },
  });
  bridge.relay.watch({ runs: [runId] });
  const end = await bridge.relay.untilFinished(runId, 60_000);
  expect(end).toMatchObject({ verdict: "succeeded", outputBytes: gibibyte, outputCutBytes: gibibyte - limit });
  expect(statSync(bridge.data.run(runId).output).size).toBe(limit);
  await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.isEnded, "the end of the output");
  expect(bridge.relay.output.get(runId)?.bytes.length).toBe(limit);
  expect(peakMemory(readMarker(bridge.data.run(runId))!.pid)).toBeLessThan(200 * mebibyte);
  expect(peakMemory(bridge.pid)).toBeLessThan(256 * mebibyte);

  // A viewer that was away for long goes on where it was, with another process of the bridge.
  await bridge.end("SIGKILL");
  const seen = 5 * mebibyte;
  bridge.relay.output.set(runId, { bytes: Buffer.alloc(seen), isEnded: false, firstAtMs: 0, pieces: 0 });
  bridge.begin();
  await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.isEnded, "the rest of the output");
  const resumed = bridge.relay.output.get(runId)!;
  expect(resumed.bytes.length).toBe(limit);
  expect(resumed.bytes.subarray(seen).every((byte) => byte === 0x79)).toBe(true);
}, 90_000);

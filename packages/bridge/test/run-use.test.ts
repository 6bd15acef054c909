import { createHash } from "node:crypto";
import { mebibyte } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import { removeBase } from "./contract/remove-base.ts";
import { RealBridge } from "./real-bridge.ts";

/** Uses 200 ms of the processor, and 64 MiB. */
const program = `const held = Buffer.alloc(${64 * mebibyte}, 1); while (process.cpuUsage().user < 200_000); held.fill(2)`;
const work = { action: "exec", params: { program: "node", args: ["-e", program] } } as const;

async function start() {
  const bridge = await RealBridge.start({ environment: { QUARTERDECK_DRIVER: "cgroup" } });
  const groupName = `quarterdeck-${createHash("sha256").update(bridge.data.path).digest("hex").slice(0, 12)}`;
  const groups = new AsyncDisposableStack();
  groups.use(bridge);
  groups.defer(() => removeBase("cgroup", { groupName, sliceName: "" }));
  groups.defer(() => bridge.end("SIGTERM"));
  return { relay: bridge.relay, [Symbol.asyncDispose]: () => groups.disposeAsync() };
}

it("says what a run used as its group counted it, and to a relay from before says nothing of it", async () => {
  await using bridge = await start();
  const { relay } = bridge;
  const result = await relay.run(work);
  expect(result).toMatchObject({ verdict: "succeeded" });
  expect(result.cpuMs).toBeGreaterThanOrEqual(200);
  expect(result.peakMemory).toBeGreaterThanOrEqual(64 * mebibyte);
  // Another connection, of a relay that is older.
  const { epoch } = relay;
  relay.welcomeChanges = { protocol: { major: 1, minor: 0 } };
  relay.cut();
  await relay.changes.until(() => relay.epoch > epoch, "the next connection");
  await relay.untilOnline();
  const older = await relay.run(work);
  expect(older).toMatchObject({ verdict: "succeeded" });
  expect("cpuMs" in older || "peakMemory" in older).toBe(false);
});

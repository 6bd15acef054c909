import { existsSync, readFileSync } from "node:fs";
import { evidenceReportSchema, type EvidenceReport } from "@quarterdeck/core/protocol/limit-evidence";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { describe, expect, it } from "vitest";
import type { FakeRelay } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

const limits = { cpu: 1000, memory: null, tasks: 100, disk: null, bandwidth: null };

/** Waits for the bridge's nth word about limits, and opens it as the API does. */
async function word(relay: FakeRelay, nth: number): Promise<EvidenceReport> {
  const frames = () => relay.frames.filter((frame) => frame.type === "evidence");
  await relay.changes.until(() => frames().length >= nth, `word ${nth} about limits`);
  const { signed, signature } = frames()[nth - 1]!;
  const opened = await openSigned(
    { signed, signature },
    { keys: [relay.platform.bridgeKey], domain: "limitEvidence", schema: evidenceReportSchema },
  );
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

describe("the limits that a command brings", () => {
  it("are answered with the bridge's signed word of what the kernel holds, again after a restart", async () => {
    await using bridge = await RealBridge.start();
    const { relay, data } = bridge;
    const { serverId, orgId, workspaceId } = relay.platform;
    const quota = { workspace: limits, project: null };
    expect(await relay.run({ action: "workspace.limits", overrides: { quota } })).toMatchObject({
      verdict: "succeeded",
    });
    const first = await word(relay, 1);
    expect(first).toMatchObject({ serverId, orgId, driver: "process", limited: [] });
    expect(first.items).toContainEqual(
      expect.objectContaining({ node: workspaceId, resource: "cpu", wanted: 1000, actual: null, state: "unsupported" }),
    );
    expect(JSON.parse(readFileSync(data.groupLimitsFile, "utf8"))).toMatchObject([{ workspaceId, limits }]);
    await bridge.end("SIGKILL");
    bridge.begin();
    const second = await word(relay, 2);
    expect(second.saidAtMs).toBeGreaterThan(first.saidAtMs);
    expect(second.items.map(({ wanted }) => wanted)).toEqual(first.items.map(({ wanted }) => wanted));
  });

  it("come with every command, and without any there is nothing to say", async () => {
    await using bridge = await RealBridge.start();
    const { relay, data } = bridge;
    await relay.run({ action: "workspace.create" });
    expect(existsSync(data.groupLimitsFile)).toBe(false);
    await relay.run({ action: "workspace.create", overrides: { quota: { workspace: limits, project: null } } });
    const { items } = await word(relay, 1);
    expect(items.map(({ resource }) => resource)).toEqual(["cpu", "tasks", "disk", "bandwidth"]);
  });
});

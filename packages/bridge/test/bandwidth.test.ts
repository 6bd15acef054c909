import { evidenceReportSchema, type LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { describe, expect, it } from "vitest";
import { RealBridge } from "./real-bridge.ts";

const none = { cpu: null, memory: null, tasks: null, disk: null };

/** What the bridge said last of the bandwidth of its workspace, once it is this. */
async function untilSaid({ relay }: RealBridge, state: LimitEvidence["state"]): Promise<LimitEvidence> {
  const { workspaceId, bridgeKey } = relay.platform;
  const said = async () => {
    const frame = relay.frames.findLast(({ type }) => type === "evidence");
    if (frame?.type !== "evidence") return undefined;
    const { signed, signature } = frame;
    const how = { keys: [bridgeKey], domain: "limitEvidence", schema: evidenceReportSchema } as const;
    const opened = await openSigned({ signed, signature }, how);
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value.items.find(({ node, resource }) => node === workspaceId && resource === "bandwidth");
  };
  for (let words = 0; ; words++) {
    const item = await said();
    if (item?.state === state) return item;
    const count = relay.frames.length;
    await relay.changes.until(
      () => relay.frames.length > count,
      `another word after ${words}: ${JSON.stringify(item)}`,
    );
  }
}

describe("a limit of bandwidth", () => {
  it("is held at the proxy of a run that reaches a list, in a real sandbox, and not where a run reaches everything", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const run = (mode: "allowList" | "all") =>
      relay.run({
        action: "exec",
        params: { program: "true", args: [] },
        overrides: {
          quota: { workspace: { ...none, bandwidth: 250_000 }, project: null },
          network: { mode, hosts: [] },
        },
      });
    expect(await run("allowList")).toMatchObject({ verdict: "succeeded" });
    const held = await untilSaid(bridge, "enforced");
    expect(held).toMatchObject({ wanted: 250_000, actual: 250_000 });
    expect(held.source).toContain("told 250000 B/s each way");
    expect(await run("all")).toMatchObject({ verdict: "succeeded" });
    const open = await untilSaid(bridge, "unsupported");
    expect(open).toMatchObject({ wanted: 250_000, actual: null });
    expect(open.source).toContain("the server's own network");
    // And after a restart it is still known: a run like that may go on.
    const count = relay.frames.length;
    await bridge.end("SIGKILL");
    bridge.begin();
    await relay.changes.until(() => relay.frames.slice(count).some(({ type }) => type === "evidence"), "a new word");
    expect((await untilSaid(bridge, "unsupported")).source).toContain("the server's own network");
  });
});

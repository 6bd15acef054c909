import { randomBytes } from "node:crypto";
import { makeId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { describe, expect, it } from "vitest";
import { groupNode } from "../drivers/group-node.ts";
import { EgressLedger } from "../sandbox/network/egress-ledger.ts";
import { BandwidthLimiter } from "./bandwidth-limiter.ts";
import { NetworkReach, reachAfter, type NetworkMode } from "./network-reach.ts";

const workspaceId = makeId("workspace", 1, randomBytes(16)) as WorkspaceId;
const projectId = makeId("project", 1, randomBytes(16)) as ProjectId;
const otherId = makeId("project", 1, randomBytes(16)) as ProjectId;
const workspace = groupNode({ workspaceId, projectId: null });
const project = groupNode({ workspaceId, projectId });

/** @param ownRate what the workspace's interface is read to have; undefined: it has none */
function open(modes: Readonly<Record<ProjectId, NetworkMode>>, ownRate?: number | null) {
  const reach = new NetworkReach();
  const started = { nowMs: 0, timeoutMs: 1000 };
  for (const [id, mode] of Object.entries(modes))
    reach.set({ workspaceId, projectId: id as ProjectId }, reachAfter(null, { mode, ...started }));
  const ledger = new EgressLedger({ say: () => undefined, onChange: () => undefined });
  const asked: (number | null)[] = [];
  const clock = { nowMs: 0 };
  const limiter = new BandwidthLimiter({
    reach,
    ledger,
    limitInterface:
      ownRate === undefined
        ? null
        : async (_path, rate) => {
            asked.push(rate);
            return { actual: ownRate, source: "tc" };
          },
    nowMs: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
  });
  return { limiter, ledger, reach, asked, clock };
}

describe("a limit of bandwidth", () => {
  it("is held at the proxies where runs reach hosts of a list, as told and as counted there", async () => {
    const { limiter, ledger } = open({ [projectId]: "allowList", [otherId]: "none" });
    await limiter.apply(workspace, null);
    const found = await limiter.apply(project, 100_000);
    expect(found).toMatchObject({ actual: 100_000, state: "enforced" });
    expect(found.source).toMatch(/^proxies \(0\) told 100000 B\/s each way; they counted 0 B in, 0 B out$/);
    ledger.join("a", project);
    const counts = (sent: number, nowMs: number) =>
      ledger.hear("a", { counted: { received: 7, sent }, heard: 99 }, nowMs);
    counts(0, 0);
    counts(1_000_000, 0);
    expect(await limiter.apply(project, 100_000)).toMatchObject({
      actual: 100_000,
      state: "mismatch",
      source: "proxies (1) told 100000 B/s each way; they counted 7 B in, 1000000 B out: more than that",
    });
  });

  it("is none over the machine's own network, and says why, for the project and for all of its workspace", async () => {
    const { limiter } = open({ [projectId]: "all", [otherId]: "allowList" });
    expect(limiter.isEnforced).toBe(false);
    for (const node of [workspace, project])
      expect(await limiter.apply(node, 5)).toMatchObject({
        actual: null,
        state: "unsupported",
        source: expect.stringContaining("the server's own network"),
      });
    expect(await limiter.apply(groupNode({ workspaceId, projectId: otherId }), 5)).toMatchObject({ state: "enforced" });
  });

  it("is not said to be held while a run goes on that was started with more", async () => {
    const { limiter, reach, clock } = open({ [projectId]: "all" });
    reach.set(project, reachAfter(reach.get(project), { mode: "allowList", nowMs: 500, timeoutMs: 1000 }));
    expect((await limiter.apply(project, 5)).state).toBe("unsupported");
    clock.nowMs = 1001;
    expect((await limiter.apply(project, 5)).state).toBe("enforced");
  });

  it("is that of the workspace's interface where it has one, as the kernel says, and no project's alone", async () => {
    const { limiter, asked } = open({ [projectId]: "all" }, 1000);
    expect(limiter.isEnforced).toBe(true);
    expect(await limiter.apply(workspace, 1000)).toEqual({ actual: 1000, state: "enforced", source: "tc" });
    expect((await limiter.apply(workspace, 999)).state).toBe("mismatch");
    expect(asked).toEqual([1000, 999]);
    expect(await limiter.apply(project, 10)).toMatchObject({ state: "unsupported" });
    expect(asked).toHaveLength(2);
    const unread = open({ [projectId]: "all" }, null);
    expect((await unread.limiter.apply(workspace, 1000)).state).toBe("mismatch");
  });

  it("is not one limit where some go through the interface and some through proxies", async () => {
    const { limiter } = open({ [projectId]: "all", [otherId]: "allowList" }, 1000);
    expect(await limiter.apply(workspace, 1000)).toMatchObject({
      state: "unsupported",
      source: expect.stringContaining("together they are not"),
    });
  });

  it("is held where runs have no network, and nobody knows it where none was started", async () => {
    const { limiter } = open({ [projectId]: "none" });
    expect(await limiter.apply(project, 5)).toEqual({
      actual: 0,
      state: "enforced",
      source: "its runs have no network",
    });
    expect(await open({}).limiter.apply(project, 5)).toMatchObject({ state: "unsupported" });
    expect(await limiter.apply(project, null)).toMatchObject({ actual: null, state: "enforced" });
  });
});

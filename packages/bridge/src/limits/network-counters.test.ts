import { randomBytes } from "node:crypto";
import { makeId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { EgressLedger } from "../sandbox/network/egress-ledger.ts";
import { NetworkCounters, readLinkBytes } from "./network-counters.ts";
import { NetworkReach, reachAfter, type NetworkMode } from "./network-reach.ts";

const workspaceId = makeId("workspace", 1, randomBytes(16)) as WorkspaceId;
const projectId = makeId("project", 1, randomBytes(16)) as ProjectId;
const workspace = { workspaceId, projectId: null };
const project = { workspaceId, projectId };

function open(mode: NetworkMode | null, ownInterface: { received: number; sent: number } | null = null) {
  const reach = new NetworkReach();
  if (mode !== null) reach.set(project, reachAfter(null, { mode, nowMs: 0, timeoutMs: 1000 }));
  const ledger = new EgressLedger({ say: () => undefined, onChange: () => undefined });
  ledger.join("a", project);
  ledger.hear("a", { counted: { received: 100, sent: 7 }, heard: 0 }, 0);
  const readInterface = ownInterface === null ? null : () => ownInterface;
  return new NetworkCounters({ reach, ledger, readInterface, nowMs: () => 0 });
}

it("counts for a workspace and a project what their proxies counted, where nothing else leads out", () => {
  for (const mode of ["allowList", "none"] as const)
    for (const path of [workspace, project]) expect(open(mode).of(path)).toEqual({ received: 100, sent: 7 });
});

it("knows nothing of what goes over the machine's own network, nor before anything was started", () => {
  for (const path of [workspace, project]) {
    expect(open("all").of(path)).toBeNull();
    expect(open(null).of(path)).toBeNull();
  }
});

it("counts for a workspace what its own interface counted too, and for its projects nothing, since they share it", () => {
  const counters = open("all", { received: 5000, sent: 300 });
  expect(counters.of(workspace)).toEqual({ received: 5100, sent: 307 });
  expect(counters.of(project)).toBeNull();
});

it("reads a link's counters from the machine's end: what that sends comes in", () => {
  expect(readLinkBytes("qdnet-is-not-there")).toBeNull();
  const own = readLinkBytes("lo");
  expect(own?.received).toBeGreaterThanOrEqual(0);
  expect(own?.sent).toBeGreaterThanOrEqual(0);
});

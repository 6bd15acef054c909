import { makeId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { CpuShares } from "./cpu-shares.ts";
import { nodeKey, type GroupNode } from "./group-node.ts";
import type { CpuShare } from "./hierarchy.ts";

const id = <K extends "workspace" | "project" | "run">(kind: K, number: number) =>
  makeId(kind, 0, new Uint8Array(16).fill(number));

const workspace: GroupNode = { workspaceId: id("workspace", 1), projectId: null, runId: null };
const project: GroupNode = { ...workspace, projectId: id("project", 1) };
const inProject = (number: number): GroupNode => ({ ...project, runId: id("run", number) });
const inWorkspace = (number: number): GroupNode => ({ ...workspace, runId: id("run", number) });

/** What a kernel would hold of the groups that are there. */
function kernel(runs: readonly (readonly [GroupNode, number])[] = []) {
  const shares = new Map<string, CpuShare>(runs.map(([node, total]) => [nodeKey(node), { total, ofOwnRuns: total }]));
  return {
    of: (node: GroupNode) => shares.get(nodeKey(node)),
    nodes: () => [workspace, project, ...runs.map(([node]) => node)],
    cpuShare: (node: GroupNode) => shares.get(nodeKey(node))?.total ?? null,
    setCpuShare: (node: GroupNode, share: CpuShare) => void shares.set(nodeKey(node), share),
  };
}

it("gives a run what it was promised, and the groups around it the sum", () => {
  const groups = kernel();
  const shares = new CpuShares(groups);
  shares.opened(inProject(1), 400);
  shares.opened(inProject(2), 1600);
  shares.opened(inWorkspace(3), 500);
  expect(groups.of(inProject(2))?.total).toBe(1600);
  expect(groups.of(project)).toEqual({ total: 2000, ofOwnRuns: 2000 });
  expect(groups.of(workspace)).toEqual({ total: 2500, ofOwnRuns: 500 });
  shares.closed(inProject(2));
  expect(groups.of(project)).toEqual({ total: 400, ofOwnRuns: 400 });
  expect(groups.of(workspace)).toEqual({ total: 900, ofOwnRuns: 500 });
});

it("forgets the runs of a project that is removed", () => {
  const groups = kernel();
  const shares = new CpuShares(groups);
  shares.opened(inProject(1), 400);
  shares.opened(inWorkspace(2), 500);
  shares.closed(project);
  expect(groups.of(workspace)).toEqual({ total: 500, ofOwnRuns: 500 });
});

it("goes on with what runs from before, and sets a group's share again when something took it back", () => {
  const groups = kernel([[inProject(1), 400]]);
  const shares = new CpuShares(groups);
  shares.opened(inProject(2), 100);
  expect(groups.of(project)?.total).toBe(500);
  groups.setCpuShare(project, { total: 1000, ofOwnRuns: 1000 });
  shares.renew(project);
  expect(groups.of(project)?.total).toBe(500);
});

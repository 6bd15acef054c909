import type { OrgId, ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { expect, test } from "vitest";
import { inUseByServer, overuse, total, type RunsInUse } from "./in-use.ts";

const orgId = "org_a" as OrgId;
const here = "ws_a" as WorkspaceId;
const there = "ws_b" as WorkspaceId;
const project = "prj_a" as ProjectId;
const mebibyte = 2 ** 20;

function runs(serverId: string, rest: Partial<RunsInUse>): RunsInUse {
  const place = { orgId, serverId: serverId as ServerId, workspaceId: here, projectId: null };
  return { ...place, action: "exec", demand: null, count: 1, ...rest };
}

const all = [
  runs("srv_a", { count: 2 }),
  runs("srv_a", { projectId: project, demand: { cpu: 1000 } }),
  runs("srv_b", { workspaceId: there, demand: { memory: 64 * mebibyte } }),
  runs("srv_b", { workspaceId: there, action: "git.status" }),
];

test("what runs reserve counts in each node above them, and a read reserves nothing", () => {
  expect(inUseByServer(all, project)).toEqual([{ cpu: 1000, memory: 512 * mebibyte, runs: 1 }]);
  expect(inUseByServer(all, here)).toEqual([{ cpu: 1800, memory: 3 * 512 * mebibyte, runs: 3 }]);
  expect(inUseByServer(all, there)).toEqual([{ cpu: 400, memory: 64 * mebibyte, runs: 1 }]);
  expect(total(inUseByServer(all, orgId))).toEqual({ cpu: 2200, memory: 1600 * mebibyte, runs: 4 });
  expect(total(inUseByServer([], orgId))).toEqual({ cpu: 0, memory: 0, runs: 0 });
});

test("what is above a limit is an overdraft, counted on each server by itself as it is held", () => {
  const inUse = inUseByServer(all, orgId);
  expect(overuse(inUse, {})).toEqual({});
  expect(overuse(inUse, { cpu: 1800, runs: 3 })).toEqual({});
  expect(overuse(inUse, { cpu: 300, runs: 2, memory: 64 * mebibyte })).toEqual({
    cpu: 1600,
    runs: 1,
    memory: 1472 * mebibyte,
  });
});

import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { makeId } from "@quarterdeck/core/ids";
import { encodeWorkspaces, projectKey, type NetworkCount } from "@quarterdeck/core/protocol/workspace-readings";
import { expect, it } from "vitest";
import { minuteTotals } from "./minute-totals.ts";

const workspaceId = makeId("workspace", 1, new Uint8Array(16).fill(1));
const project = projectKey(makeId("project", 1, new Uint8Array(16).fill(2)));
const usage = { cpu: 1, memory: 1, tasks: 1, runs: 1, disk: null, pressure: null };
const minuteMs = 60_000;

/** A minute's totals of a workspace and its project, of what they had counted at each half of it. */
function totalsOf(counts: readonly { readonly own: NetworkCount | null; readonly ofProject: NetworkCount | null }[]) {
  const readings = counts.map(({ own, ofProject }, index) => {
    const projects = [{ project, ...usage, network: ofProject }];
    return { workspaceId, atMs: index * 30_000, ...usage, network: own, projects, topRuns: [] };
  });
  const server = { cpuCapacity: 1, memoryUsed: 1, memoryTotal: 1, diskUsed: 1, diskTotal: 1, load1: 0 };
  const samples = readings.map(({ atMs }) => {
    return { ...server, atMs, cpu: 1, runs: 0, networkReceived: atMs, networkSent: 0 };
  });
  return minuteTotals([...encodeReadings(samples), ...encodeWorkspaces(readings)]).map(
    ({ atMs, server: of, workspaces }) => {
      const [workspace] = workspaces;
      return { atMs, server: of, workspace: workspace?.usage, project: workspace?.projects[0]?.usage };
    },
  );
}

it("sums up what passed between the readings of a workspace and of a project, in the minute of the later one", () => {
  const [first, second] = totalsOf([
    { own: { received: 1000, sent: 5 }, ofProject: { received: 1000, sent: 5 } },
    { own: { received: 4000, sent: 5 }, ofProject: { received: 1500, sent: 5 } },
    { own: { received: 4100, sent: 8 }, ofProject: { received: 1500, sent: 5 } },
  ]);
  expect(first).toMatchObject({
    atMs: 0,
    server: { receivedSum: 30_000, networkMs: 30_000 },
    workspace: { receivedSum: 3000, sentSum: 0, networkMs: 30_000 },
    project: { receivedSum: 500, sentSum: 0, networkMs: 30_000 },
  });
  expect(second).toMatchObject({
    atMs: minuteMs,
    workspace: { receivedSum: 100, sentSum: 3, networkMs: 30_000 },
    project: { receivedSum: 0, networkMs: 30_000 },
  });
});

it("says nothing where nobody knows, and nothing of the time in which counters began anew", () => {
  const known = { received: 9000, sent: 9000 };
  const [minute] = totalsOf([
    { own: known, ofProject: null },
    { own: { received: 10, sent: 10 }, ofProject: known },
  ]);
  expect(minute?.workspace).toMatchObject({ receivedSum: 0, networkMs: 0 });
  expect(minute?.project).not.toHaveProperty("networkMs");
});

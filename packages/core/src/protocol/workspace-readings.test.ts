import fc from "fast-check";
import { expect, it } from "vitest";
import { makeId } from "../ids.ts";
import { compactReadingsSchema, firstReadings } from "./compact-readings.ts";
import { limits } from "./limits.ts";
import {
  decodeWorkspaces,
  encodeWorkspaces,
  mostProjects,
  projectKey,
  withoutNetwork,
  workspaceGroupSchema,
  type NodeUsage,
  type WorkspaceReading,
} from "./workspace-readings.ts";

const idOf = <K extends "workspace" | "project" | "run">(kind: K, index: number) =>
  makeId(kind, 1, new Uint8Array(16).fill(index * 37));
const workspaceIds = [0, 1, 2].map((index) => idOf("workspace", index));
const keys = [0, 1, 2, 3].map((index) => projectKey(idOf("project", index)));

const count = fc.maxSafeNat();
const known = fc.nat({ max: Number.MAX_SAFE_INTEGER - 1 });
const usage: fc.Arbitrary<NodeUsage> = fc.record({
  cpu: count,
  memory: count,
  tasks: count,
  runs: count,
  disk: fc.option(known),
  pressure: fc.option(fc.record({ cpu: known, memory: known, io: known })),
  network: fc.option(fc.record({ received: known, sent: known })),
});
const reading: fc.Arbitrary<WorkspaceReading> = fc
  .record({
    workspaceId: fc.constantFrom(...workspaceIds),
    atMs: count,
    usage,
    projects: fc
      .subarray(keys)
      .chain((some) =>
        fc.tuple(...some.map((project) => usage.map((of): NodeUsage & { project: string } => ({ project, ...of })))),
      ),
  })
  .map(({ usage: own, ...rest }) => ({ ...rest, ...own, topRuns: [] }));

const byWorkspace = (readings: readonly WorkspaceReading[]) =>
  workspaceIds.map((workspaceId) => readings.filter((one) => one.workspaceId === workspaceId));

it("gives back every reading of each workspace in its order, whatever changes between them", () => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 12 }), (sent) => {
      const groups = compactReadingsSchema.parse(JSON.parse(JSON.stringify(encodeWorkspaces(sent))));
      const got = decodeWorkspaces(encodeWorkspaces(sent));
      expect(byWorkspace(got)).toEqual(byWorkspace(sent));
      // A group is of one workspace, so that it can be left out whole.
      expect(groups).toEqual(encodeWorkspaces(sent));
      expect(firstReadings(groups)).toEqual([]);
    }),
  );
});

it("[F11] is to peers of version 1.1 what it is without the network, and nothing more", () => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 12 }), (sent) => {
      const older = encodeWorkspaces(sent).map((group) => withoutNetwork(group));
      expect(JSON.stringify(older)).not.toContain("network");
      expect(compactReadingsSchema.safeParse(older).success).toBe(true);
      const unknown = <U extends NodeUsage>(of: U): U => ({ ...of, network: null });
      const expected = sent.map((one) => ({ ...unknown(one), projects: one.projects.map(unknown) }));
      expect(byWorkspace(decodeWorkspaces(older))).toEqual(byWorkspace(expected));
    }),
  );
});

it("names the runs that use most at the newest moment of each workspace", () => {
  const [one] = fc.sample(reading, { numRuns: 1, seed: 5 }) as [WorkspaceReading];
  const run = { runId: idOf("run", 1), cpu: 1500, memory: 3, tasks: 4 };
  const sent = [
    { ...one, atMs: 1, topRuns: [{ ...run, cpu: 1 }] },
    { ...one, atMs: 2, topRuns: [run] },
  ];
  expect(decodeWorkspaces(encodeWorkspaces(sent)).map(({ topRuns }) => topRuns)).toEqual([[], [run]]);
  const without = encodeWorkspaces([...sent, { ...one, atMs: 3 }]);
  expect(JSON.stringify(without)).not.toContain(run.runId);
});

it("makes groups that a frame can hold, of as many projects as there may be", () => {
  const [one] = fc.sample(reading, { numRuns: 1, seed: 5 }) as [WorkspaceReading];
  const projects = Array.from({ length: mostProjects }, (_, i) => ({ ...one, project: String(i).padStart(8, "0") }));
  const many = Array.from({ length: 40 }, (_, i) => ({ ...one, projects, atMs: 1_800_000_000_000 + i }));
  const groups = encodeWorkspaces(many);
  for (const group of groups) {
    expect(workspaceGroupSchema.safeParse(group).success).toBe(true);
    expect(JSON.stringify(group).length).toBeLessThan(limits.frameBytes);
  }
  expect(decodeWorkspaces(groups)).toHaveLength(many.length);
});

it("[W1] what has other numbers than its projects need, or ends below zero, is refused", () => {
  const [one] = fc.sample(reading, { numRuns: 1, seed: 9 }) as [WorkspaceReading];
  const [group] = encodeWorkspaces([{ ...one, network: null, projects: [] }]);
  if (!group) throw new Error("no group");
  const [row = []] = group.rows;
  const run = [idOf("run", 1), 1, 1, 1];
  const isTaken = (changed: object) => compactReadingsSchema.safeParse([{ ...group, ...changed }]).success;
  expect([isTaken({}), isTaken({ runs: [run] })]).toEqual([true, true]);
  const wrong = {
    "no rows": { rows: [] },
    "a number too few": { rows: [row.slice(1)] },
    "a number too many": { rows: [[...row, 1]] },
    "a project without numbers": { projects: keys[0] },
    "half a project": { projects: keys[0]?.slice(1), rows: [[...row, 1, 1, 1, 1, 1, 1, 1, 1]] },
    "a negative number": { rows: [row.map((number) => -1 - number)] },
    "one below zero later": { rows: [row, row.map((number) => -1 - number)] },
    "a mark of numbers that are not there": { network: true },
    "a mark that is none": { network: false, rows: [[...row, 0, 0]] },
    "no workspace": { workspace: "ws_1" },
    "the server's mark": { pressure: true },
    "too many runs": { runs: Array.from({ length: 6 }, () => run) },
    "a run that is none": { runs: [["run_1", 1, 1, 1]] },
    "a run with a negative number": { runs: [[run[0], -1, 1, 1]] },
  };
  for (const [what, changed] of Object.entries(wrong)) expect([what, isTaken(changed)]).toEqual([what, false]);
});

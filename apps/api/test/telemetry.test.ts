import type { Clock } from "@quarterdeck/core/clock";
import type { TelemetryMinute, UsageTotals } from "@quarterdeck/core/protocol/telemetry-minutes";
import { projectKey } from "@quarterdeck/core/protocol/workspace-readings";
import type { ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { telemetryPoints } from "../src/db/schema.ts";
import { HistoryKeeper } from "../src/telemetry/history-keeper.ts";
import { recordMinutes } from "../src/telemetry/repo.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

let platform: TestApi;
let fixture: Fixture;
/** By its clock the claim of the platform's own is over. */
let keeper: HistoryKeeper;
let keeperAheadMs = hourMs / 2;
beforeAll(async () => {
  platform = await TestApi.start();
  fixture = await platform.withWorkspace();
  const { db, writer, clock } = platform.api.runtime;
  const ahead: Clock = { monotonicMs: () => clock.monotonicMs(), nowMs: () => clock.nowMs() + keeperAheadMs };
  keeper = new HistoryKeeper({ db, writer, clock: ahead });
}, 30_000);
afterAll(() => platform[Symbol.asyncDispose]());

const usage = (cpu: number, readings = 2): UsageTotals => ({
  readings,
  cpuSum: cpu * readings,
  cpuMax: cpu + 1,
  memorySum: 10 * readings,
  memoryMax: 12,
  diskMax: null,
  runsMax: 1,
  pressureReadings: 0,
  pressureCpuSum: 0,
  pressureMemorySum: 0,
  pressureIoSum: 0,
});
const ofServer = { cpuCapacity: 4000, memoryTotal: 100, diskTotal: 200, loadSum: 84, receivedSum: 6000, sentSum: 0 };

function minute(atMs: number, cpu: number, workspaces: TelemetryMinute["workspaces"] = []): TelemetryMinute {
  return { atMs, server: { ...usage(cpu), ...ofServer, networkMs: 60_000 }, workspaces };
}
const wholeMinute = (atMs: number) => atMs - (atMs % minuteMs);

async function tell(serverId: ServerId, minutes: readonly TelemetryMinute[], sinceMs = minutes[0]!.atMs) {
  const response = await platform.internal("/relay/telemetry", { serverId, sinceMs, minutes });
  expect(response.status).toBe(200);
  return (await response.json()) as { isTaken: boolean; heldMs: number };
}

/** A server of its own, of which nothing was told yet. */
async function freshServer() {
  const { serverId } = await platform.connectServer(fixture.client);
  const name = newId("task");
  const { workspaceId } = await fixture.api.workspaces.create.mutate({ name, serverId });
  const url = "https://example.com/qs.git";
  const { project } = await fixture.api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  return { serverId, workspaceId, projectId: project.projectId };
}
const day = () => Date.now() - dayMs;
const rollUp = () => keeper.run();

test("what was told is shown in the steps that fit the span, for the server, its workspaces and their projects", async () => {
  const { serverId, workspaceId, projectId } = await freshServer();
  const startMs = wholeMinute(Date.now() - 30 * minuteMs);
  const minutes = Array.from({ length: 5 }, (_, i) =>
    minute(startMs + i * minuteMs, 100 + i, [
      {
        workspaceId,
        usage: { ...usage(50 + i), receivedSum: 30_000 * i, sentSum: 600, networkMs: 30_000 },
        projects: [{ project: projectKey(projectId), usage: usage(20 + i) }],
      },
    ]),
  );
  // From the beginning of what the API wants of a server that is new.
  expect(await tell(serverId, minutes, day())).toMatchObject({ isTaken: true });
  const { telemetry } = fixture.api;
  const hour = await telemetry.history.query({ nodeId: serverId, span: "hour" });
  expect(hour.atMs).toEqual(minutes.map(({ atMs }) => atMs));
  expect([hour.cpu, hour.cpuMax]).toEqual([
    [100, 101, 102, 103, 104],
    [101, 102, 103, 104, 105],
  ]);
  expect([hour.load[0], hour.received[0], hour.capacity]).toEqual([0.42, 100, { cpu: 4000, memory: 100, disk: 200 }]);
  expect((await telemetry.history.query({ nodeId: workspaceId, span: "hour" })).cpu).toEqual([50, 51, 52, 53, 54]);
  const ofWorkspace = await telemetry.history.query({ nodeId: workspaceId, span: "hour" });
  expect([ofWorkspace.received, ofWorkspace.sent[0]]).toEqual([[0, 1000, 2000, 3000, 4000], 20]);
  const ofProject = await telemetry.history.query({ nodeId: projectId, span: "day" });
  expect(ofProject.received).toEqual([null, null, null, null, null]);
  expect([ofProject.cpu, ofProject.load[0], ofProject.capacity]).toEqual([[20, 21, 22, 23, 24], null, null]);
  // The longer steps are there after the next roll-up.
  expect((await telemetry.history.query({ nodeId: projectId, span: "year" })).atMs).toEqual([]);
  await rollUp();
  const year = await telemetry.history.query({ nodeId: projectId, span: "year" });
  expect(year.cpuMax.reduce((most, cpu) => Math.max(most, cpu))).toBe(25);
  // What nobody knows of a minute is nowhere counted as nothing.
  expect(new Set(year.received)).toEqual(new Set([null]));
  const years = await telemetry.history.query({ nodeId: workspaceId, span: "year" });
  expect(Math.max(...years.received.map((rate) => rate ?? 0))).toBeGreaterThan(0);
});

test("a minute that is told again counts once, and one with fewer readings takes nothing away", async () => {
  const { serverId } = await freshServer();
  const atMs = wholeMinute(Date.now() - 5 * minuteMs);
  await tell(serverId, [minute(atMs, 10)], day());
  await tell(serverId, [minute(atMs, 10)]);
  const more = { ...minute(atMs, 30), server: { ...minute(atMs, 30).server, ...usage(30, 4) } };
  await tell(serverId, [more]);
  await tell(serverId, [minute(atMs, 10)]);
  const { cpu } = await fixture.api.telemetry.history.query({ nodeId: serverId, span: "hour" });
  expect(cpu).toEqual([30]);
});

test("minutes that would leave a hole are not taken before what is missing", async () => {
  const { serverId } = await freshServer();
  const nowMs = wholeMinute(Date.now());
  await tell(serverId, [minute(nowMs - hourMs, 1)], day());
  const late = [minute(nowMs - 10 * minuteMs, 2)];
  expect(await tell(serverId, late)).toEqual({ isTaken: false, heldMs: nowMs - hourMs });
  const { api } = fixture;
  expect((await api.telemetry.history.query({ nodeId: serverId, span: "day" })).cpu).toEqual([1]);
  // With the word that there was nothing in between it is.
  expect(await tell(serverId, late, nowMs - hourMs)).toMatchObject({ isTaken: true });
  expect((await api.telemetry.history.query({ nodeId: serverId, span: "day" })).cpu).toEqual([1, 2]);
});

test("[T9] a server's bridge speaks for no workspace of another server or org, whatever it says", async () => {
  const own = await freshServer();
  const neighbour = await freshServer();
  const foreign = await platform.withWorkspace(await platform.outsider());
  const atMs = wholeMinute(Date.now() - 3 * minuteMs);
  const claim = (workspaceId: WorkspaceId, projectId: ProjectId) => ({
    workspaceId,
    usage: usage(666),
    projects: [{ project: projectKey(projectId), usage: usage(666) }],
  });
  const claims = [
    claim(neighbour.workspaceId, neighbour.projectId),
    claim(foreign.workspaceId, own.projectId),
    claim(own.workspaceId, neighbour.projectId),
  ];
  expect(await tell(own.serverId, [minute(atMs, 1, claims)], day())).toMatchObject({ isTaken: true });
  const of = async (nodeId: WorkspaceId | ProjectId, { api } = fixture) =>
    (await api.telemetry.history.query({ nodeId, span: "hour" })).cpu;
  expect(await of(neighbour.workspaceId)).toEqual([]);
  expect(await of(neighbour.projectId)).toEqual([]);
  expect(await of(foreign.workspaceId, foreign)).toEqual([]);
  expect(await of(own.projectId)).toEqual([]);
  expect(await of(own.workspaceId)).toEqual([666]);
  expect(
    await refusalOf(fixture.api.telemetry.history.query({ nodeId: foreign.workspaceId, span: "hour" })),
  ).toMatchObject({ code: "NOT_FOUND" });
});

test("[T9] what a guest's workspace takes on a shared server is the guest's history, and none of the host's", async () => {
  const { serverId } = await freshServer();
  const guest = await platform.outsider();
  const slice = { serverId, label: "Hall", limits: {}, weight: 1 };
  const { code } = await fixture.api.sharing.offer.mutate(slice);
  await guest.api.sharing.accept.mutate({ code, name: "Theirs" });
  const { workspaceId } = await guest.api.workspaces.create.mutate({ name: "Inside", serverId });
  const atMs = wholeMinute(Date.now() - 3 * minuteMs);
  await tell(serverId, [minute(atMs, 1, [{ workspaceId, usage: usage(42), projects: [] }])], day());
  const asked = { nodeId: workspaceId, span: "hour" } as const;
  expect((await guest.api.telemetry.history.query(asked)).cpu).toEqual([42]);
  expect(await refusalOf(fixture.api.telemetry.history.query(asked))).toMatchObject({ code: "NOT_FOUND" });
  expect((await fixture.api.telemetry.history.query({ nodeId: serverId, span: "hour" })).cpu).toEqual([1]);
});

test("[F7] what is older than a day, or of a time that has not come, is left out; a removed server's readings count for nothing", async () => {
  const { serverId } = await freshServer();
  const nowMs = wholeMinute(Date.now());
  const times = [nowMs - 400 * dayMs, nowMs - dayMs - minuteMs, nowMs - minuteMs, nowMs + hourMs, nowMs + 400 * dayMs];
  await tell(
    serverId,
    times.map((atMs) => minute(atMs, 5)),
  );
  const { telemetry, servers } = fixture.api;
  await rollUp();
  for (const span of ["day", "month", "year"] as const)
    expect((await telemetry.history.query({ nodeId: serverId, span })).atMs).toHaveLength(1);
  await servers.revoke.mutate({ serverId, confirmName: "box" });
  await tell(serverId, [minute(nowMs, 7)]);
  expect((await telemetry.history.query({ nodeId: serverId, span: "hour" })).cpu).toEqual([5]);
});

test("[T1] who may watch a server gets tickets for workspaces on it, and for no other", async () => {
  const { serverId, workspaceId } = await freshServer();
  const other = await freshServer();
  const ticket = { serverId, telemetry: false, runIds: [] };
  await fixture.api.servers.viewerTicket.mutate({ ...ticket, workspaceIds: [workspaceId] });
  const refused = fixture.api.servers.viewerTicket.mutate({
    ...ticket,
    workspaceIds: [workspaceId, other.workspaceId],
  });
  expect(await refusalOf(refused)).toMatchObject({ code: "NOT_FOUND" });
});

const story = fc.array(
  fc.record({ minutesAgo: fc.integer({ min: 0, max: 23 * 60 }), cpu: fc.nat(4000), rollsUp: fc.boolean() }),
  { minLength: 1, maxLength: 12 },
);

test("rolling up conserves sums and the most, in whatever order minutes come and however often it is done", async () => {
  const { orgId } = await fixture.api.orgs.current.query();
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      const nodeId = newId("server");
      const { writer } = platform.api.runtime;
      const nowMs = wholeMinute(Date.now());
      const told = new Map<number, number>();
      for (const { minutesAgo, cpu, rollsUp } of steps) {
        const atMs = nowMs - minutesAgo * minuteMs;
        await writer.commit(recordMinutes({ orgId }, [{ nodeId, atMs, totals: minute(atMs, cpu).server }]));
        told.set(atMs, cpu);
        if (rollsUp) await rollUp();
      }
      await rollUp();
      const { db } = platform.api.database;
      const points = await db.all<{ stepMs: number; sum: number; most: number; readings: number }>(`
        select stepMs, sum(cpuSum) as sum, max(cpuMax) as most, sum(readings) as readings from telemetry_points
        join telemetry_nodes using (nodeKey) where nodeId = '${nodeId}' group by stepMs order by stepMs`);
      const [sum, most] = [
        [...told.values()].reduce((total, cpu) => total + 2 * cpu, 0),
        Math.max(...told.values()) + 1,
      ];
      const expected = { sum, most, readings: 2 * told.size };
      expect(points).toEqual([minuteMs, 15 * minuteMs, dayMs].map((stepMs) => ({ stepMs, ...expected })));
    }),
    { numRuns: 30 },
  );
});

test("each step is kept for its time and no longer, and what is still to be rolled up is not deleted", async () => {
  const { serverId } = await freshServer();
  await tell(serverId, [minute(wholeMinute(Date.now()), 1)], day());
  const { db } = platform.api.database;
  const keep = (aheadMs: number) => {
    keeperAheadMs = aheadMs;
    return keeper.run();
  };
  const steps = async () => {
    const rows = await db.all<{ stepMs: number }>(`select distinct stepMs from telemetry_points
      join telemetry_nodes using (nodeKey) where nodeId = '${serverId}' order by stepMs`);
    return rows.map(({ stepMs }) => stepMs);
  };
  await keep(26 * hourMs);
  expect(await steps()).toEqual([15 * minuteMs, dayMs]);
  await keep(34 * dayMs);
  expect(await steps()).toEqual([dayMs]);
  await keep(368 * dayMs);
  expect(await steps()).toEqual([]);
  expect(await db.select().from(telemetryPoints)).toEqual([]);
});

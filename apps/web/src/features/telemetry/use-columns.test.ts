import { minuteMs } from "@quarterdeck/core/units";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { TelemetryHistoryView } from "../../api/views.ts";
import { columnsOf, holesBetween, joinPoints, pointsOfHistory, usePointOf } from "./use-columns.ts";

const pressure = { cpu: 2500, memory: 0, io: 99_999 };
const point = (atMs: number) =>
  usePointOf(atMs, { cpu: 5, memory: 1, tasks: 1, runs: 1, disk: null, network: null, pressure }, null);

it("breaks every line where points are missing, and draws zero nowhere that it was not measured", () => {
  const minutes = fc.uniqueArray(fc.nat(200), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(minutes, (some) => {
      const points = some.toSorted((a, b) => a - b).map((minute) => point(minute * minuteMs));
      const holes = holesBetween(points, 2.5 * minuteMs);
      const columns = columnsOf(points, holes);
      const empty = columns.times.filter((_, index) => columns.cpu[index] === null);
      expect(empty).toEqual(holes.map(({ fromMs, toMs }) => (fromMs + toMs) / 2000));
      expect(columns.times).toEqual(columns.times.toSorted((a, b) => a - b));
      expect(columns.cpu.filter((value) => value !== null)).toEqual(points.map(() => 5));
      expect(columns.disk.every((value) => value === null)).toBe(true);
    }),
  );
});

it("shows pressure as a part of the time, never more than all of it", () => {
  const { pressureCpu, pressureMemory, pressureIo } = columnsOf([point(1)], []);
  expect([pressureCpu, pressureMemory, pressureIo]).toEqual([[0.25], [0], [1]]);
});

const history: TelemetryHistoryView = {
  fromMs: 0,
  toMs: 10 * minuteMs,
  stepMs: minuteMs,
  atMs: [0, 2 * minuteMs],
  cpu: [10, 20],
  cpuMax: [11, 21],
  memory: [1, 2],
  memoryMax: [1, 2],
  disk: [null, 7],
  runsMax: [0, 1],
  load: [null, null],
  received: [null, null],
  sent: [null, null],
  pressureCpu: [100, null],
  pressureMemory: [0, null],
  pressureIo: [0, null],
  capacity: null,
};

it("draws what the platform keeps in the middle of each step, and what came since behind it", () => {
  const kept = pointsOfHistory(history);
  expect(kept.map(({ atMs, cpu, disk, pressureCpu }) => [atMs, cpu, disk, pressureCpu])).toEqual([
    [0.5 * minuteMs, 10, null, 0.01],
    [2.5 * minuteMs, 20, 7, null],
  ]);
  const live = [minuteMs, 2.5 * minuteMs, 3 * minuteMs].map(point);
  expect(joinPoints(kept, live).map(({ atMs }) => atMs / minuteMs)).toEqual([0.5, 2.5, 3]);
  expect(joinPoints([], live)).toBe(live);
});

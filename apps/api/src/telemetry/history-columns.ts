import { secondMs } from "@quarterdeck/core/units";
import type { PointRow } from "./repo.ts";
import type { TelemetryHistory } from "./views.ts";

const hundredths = 100;

type Columns = Omit<TelemetryHistory, "fromMs" | "toMs" | "stepMs">;

/** Turns sums into what a chart draws, column by column. */
export function columnsOf(points: readonly PointRow[]): Columns {
  const mean = (sumOf: (point: PointRow) => number | null, countOf: (point: PointRow) => number | null) =>
    points.map((point) => {
      const [sum, count] = [sumOf(point), countOf(point)];
      return sum === null || count === null || count === 0 ? null : sum / count;
    });
  const perReading = (sumOf: (point: PointRow) => number) =>
    points.map((point) => Math.round(sumOf(point) / point.readings));
  const pressure = (sumOf: (point: PointRow) => number) =>
    mean(sumOf, (point) => point.pressureReadings).map((part) => part && Math.round(part));
  const seconds = ({ networkMs }: PointRow) => (networkMs === null ? null : networkMs / secondMs);
  const last = points.findLast(({ cpuCapacity }) => cpuCapacity !== null);
  return {
    atMs: points.map(({ atMs }) => atMs),
    cpu: perReading(({ cpuSum }) => cpuSum),
    cpuMax: points.map(({ cpuMax }) => cpuMax),
    memory: perReading(({ memorySum }) => memorySum),
    memoryMax: points.map(({ memoryMax }) => memoryMax),
    disk: points.map(({ diskMax }) => diskMax),
    runsMax: points.map(({ runsMax }) => runsMax),
    load: mean(
      ({ loadSum }) => loadSum,
      ({ readings }) => readings,
    ).map((load) => (load === null ? null : Math.round(load) / hundredths)),
    received: mean(({ receivedSum }) => receivedSum, seconds).map((rate) => rate && Math.round(rate)),
    sent: mean(({ sentSum }) => sentSum, seconds).map((rate) => rate && Math.round(rate)),
    pressureCpu: pressure(({ pressureCpuSum }) => pressureCpuSum),
    pressureMemory: pressure(({ pressureMemorySum }) => pressureMemorySum),
    pressureIo: pressure(({ pressureIoSum }) => pressureIoSum),
    capacity:
      last === undefined
        ? null
        : { cpu: last.cpuCapacity ?? 0, memory: last.memoryTotal ?? 0, disk: last.diskTotal ?? 0 },
  };
}

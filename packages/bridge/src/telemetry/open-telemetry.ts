import type { DataDirectory } from "../data-directory.ts";
import type { ExecutionHost } from "../host/execution-host.ts";
import { errorMessage, type Log } from "../log.ts";
import type { Connection } from "../connection/connection.ts";
import { systemClock } from "../system-clock.ts";
import { HistoryFeed } from "./history-feed.ts";
import { SampleReader } from "./read-sample.ts";
import { packReadings } from "./readings.ts";
import { SampleSpool } from "./sample-spool.ts";
import { TelemetrySchedule } from "./telemetry-schedule.ts";
import { WorkspaceUsage } from "./workspace-usage.ts";

interface TelemetryPlace {
  readonly data: DataDirectory;
  readonly host: Pick<ExecutionHost, "usage">;
  readonly activeRuns: () => number;
  readonly connection: () => Pick<Connection, "send" | "hasRoom">;
  readonly log: Log;
}

/** What reads this machine and its workspaces, now and for later. */
export function openTelemetry({ data, host, activeRuns, connection, log }: TelemetryPlace) {
  const clock = systemClock;
  const samples = new SampleReader(data.path);
  const spool = SampleSpool.open({ directory: data.spool, log });
  const feed = new HistoryFeed({
    spool,
    hasRoom: () => connection().hasRoom,
    send: ({ through, gaps, ...readings }) =>
      connection().send({ type: "history", through, readings: packReadings(readings), gaps: [...gaps] }),
  });
  const workspaceUsage = new WorkspaceUsage({
    clock,
    source: () => host.usage(),
    onFailure: (error) => log.warn("what workspaces use could not be read", { reason: errorMessage(error) }),
  });
  const telemetry = new TelemetrySchedule({
    clock,
    spool,
    feed,
    read: () => samples.read(clock.nowMs(), activeRuns()),
    readWorkspaces: (of, atMs) => workspaceUsage.read(of, atMs),
    send: (batch) => connection().send({ type: "telemetry", readings: packReadings(batch) }),
  });
  return { telemetry, feed };
}

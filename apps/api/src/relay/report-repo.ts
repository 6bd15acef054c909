import type { CommandId, OrgId, ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import { and, eq, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { prepared } from "../db/prepared.ts";
import { readyStatement } from "../db/ready-statement.ts";
import { runs, servers, tasks } from "../db/schema.ts";
import type { ConnectionAlert } from "../servers/views.ts";

// The relay reports about a server with the service key; the server decides the org, so the server is the scope here.

export interface ReportingServer {
  readonly serverId: ServerId;
  readonly orgId: OrgId;
  readonly publicKey: string;
  readonly reportSeq: number;
  readonly reportStream: string | null;
  readonly reportHash: string | null;
  readonly revokedAtMs: number | null;
}

const reportingServer = prepared((db) =>
  db
    .select({
      serverId: servers.serverId,
      orgId: servers.orgId,
      publicKey: servers.publicKey,
      reportSeq: servers.reportSeq,
      reportStream: servers.reportStream,
      reportHash: servers.reportHash,
      revokedAtMs: servers.revokedAtMs,
    })
    .from(servers)
    .where(eq(servers.serverId, sql.placeholder("serverId")))
    .prepare(),
);

export async function findReportingServer(db: Database, serverId: ServerId): Promise<ReportingServer | null> {
  const [row] = await reportingServer(db).all({ serverId });
  return row ?? null;
}

export interface ReportedRun {
  readonly runId: RunId;
  readonly orgId: OrgId;
  readonly taskId: TaskId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly serverId: ServerId;
  readonly commandId: CommandId;
  readonly attempt: number;
  readonly action: string;
}

const reportedRun = prepared((db) =>
  db
    .select({
      runId: runs.runId,
      orgId: runs.orgId,
      taskId: runs.taskId,
      workspaceId: tasks.workspaceId,
      projectId: tasks.projectId,
      serverId: runs.serverId,
      commandId: runs.commandId,
      attempt: runs.attempt,
      action: tasks.action,
    })
    .from(runs)
    .innerJoin(tasks, and(eq(tasks.orgId, runs.orgId), eq(tasks.taskId, runs.taskId)))
    .where(and(eq(runs.serverId, sql.placeholder("serverId")), eq(runs.runId, sql.placeholder("runId"))))
    .prepare(),
);

/** A run of this server; one of another server is not found. */
export async function findReportedRun(db: Database, serverId: ServerId, runId: RunId): Promise<ReportedRun | null> {
  const [row] = await reportedRun(db).all({ serverId, runId });
  return row ?? null;
}

/** Records the number of a report, once and only right after the one before; the mark says which write did it. */
export const advanceReports = readyStatement<{
  serverId: ServerId;
  stream: string;
  previousSeq: number;
  seq: number;
  hash: string;
  mark: string;
}>((value) => {
  const { serverId, reportStream, reportSeq } = servers;
  const isNext = [
    eq(serverId, value("serverId")),
    eq(reportStream, value("stream")),
    eq(reportSeq, value("previousSeq")),
  ];
  return sql`update ${servers} set "reportSeq" = ${value("seq")}, "reportMark" = ${value("mark")}, "reportHash" = ${value("hash")}
    where ${and(...isNext)}`;
});

/** True in the unit whose first statement set this mark. */
export function holdsMark(serverId: ServerId, mark: string): SQL {
  return sql`exists (select 1 from ${servers} where ${and(eq(servers.serverId, serverId), eq(servers.reportMark, mark))})`;
}

export function setServerOnline(serverId: ServerId, report: Extract<Report, { kind: "online" }>, guard: SQL): SQL {
  return sql`update ${servers} set status = 'online', "bootId" = ${report.bootId}, capabilities = ${JSON.stringify(report.capabilities)},
    "statusSinceMs" = case when status = 'online' then "statusSinceMs" else ${report.atMs} end,
    "connectionAlert" = case when json_extract("connectionAlert", '$.code') in ('SUPERSEDED', 'COMMAND_CONFLICT') then "connectionAlert" end
    where ${eq(servers.serverId, serverId)} and ${guard}`;
}

export function setConnectionAlert(serverId: ServerId, alert: ConnectionAlert, guard: SQL): SQL {
  return sql`update ${servers} set "connectionAlert" = ${JSON.stringify(alert)} where ${eq(servers.serverId, serverId)} and ${guard}`;
}

/** The bridge's word of which keys of the platform it has. */
export function setKeysVersion(serverId: ServerId, version: number, guard: SQL): SQL {
  return sql`update ${servers} set "keysVersion" = ${version} where ${eq(servers.serverId, serverId)} and ${guard}`;
}

export function setQuarantine(serverId: ServerId, untilMs: number, guard: SQL): SQL {
  return sql`update ${servers} set "quarantinedUntilMs" = ${untilMs} where ${eq(servers.serverId, serverId)} and ${guard}`;
}

export function setServerOffline(serverId: ServerId, atMs: number, guard: SQL): SQL {
  return sql`update ${servers} set status = 'offline', "statusSinceMs" = case when status = 'offline' then "statusSinceMs" else ${atMs} end
    where ${eq(servers.serverId, serverId)} and ${guard}`;
}

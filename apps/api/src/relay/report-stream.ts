import { createHash } from "node:crypto";
import type { ServerId } from "@quarterdeck/core/ids";
import type { Report } from "@quarterdeck/core/protocol/relay-api";
import { and, eq, sql, type SQL } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { endedReportStreams, servers } from "../db/schema.ts";
import type { Statement } from "../writer.ts";

interface StreamStart {
  readonly serverId: ServerId;
  readonly stream: string;
  /** The one that is followed; null where there was none. */
  readonly previous: string | null;
}

/** Whether a later stream of reports has followed this one. */
export async function isStreamOver(
  db: Database,
  { serverId, stream }: { serverId: ServerId; stream: string },
): Promise<boolean> {
  const { serverId: server } = endedReportStreams;
  const rows = await db
    .select({ stream: endedReportStreams.stream })
    .from(endedReportStreams)
    .where(and(eq(server, serverId), eq(endedReportStreams.stream, stream)));
  return rows.length > 0;
}

/**
 * Begins a stream at a number: a unit of its own, before that of the first report. Nothing happens where another process has
 * begun one meanwhile.
 */
export function startStream({ serverId, stream, previous }: StreamStart, seq: number): Statement[] {
  const isFollowed: SQL = previous === null ? sql`${servers.reportStream} is null` : eq(servers.reportStream, previous);
  const isOver = sql`exists (select 1 from ${endedReportStreams}
    where ${and(eq(endedReportStreams.serverId, serverId), eq(endedReportStreams.stream, stream))})`;
  const begin = sql`update ${servers} set "reportStream" = ${stream}, "reportSeq" = ${seq - 1}, "reportHash" = null
    where ${eq(servers.serverId, serverId)} and ${isFollowed} and not ${isOver}`;
  if (previous === null) return [begin];
  return [begin, insertWhen(endedReportStreams, { serverId, stream: previous }, sql`changes() > 0`)];
}

export function hashReport(report: Report): string {
  return createHash("sha256").update(JSON.stringify(report)).digest("base64url");
}

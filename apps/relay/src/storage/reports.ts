import type { Report } from "@quarterdeck/core/protocol/relay-api";
import { nextNumber } from "./server-record.ts";
import { firstRow, readNumber, readText, type Sql } from "./sql.ts";

type WithoutSeq<R> = R extends unknown ? Omit<R, "seq"> : never;
/** A report before it has its number. */
export type NewReport = WithoutSeq<Report>;

/** Appends a report to the outbox to the API, with the next number. */
export function appendReport(sql: Sql, report: NewReport): void {
  const seq = nextNumber(sql, "reportsAssigned");
  sql.exec(`INSERT INTO reports (seq, body) VALUES (?, ?)`, seq, JSON.stringify({ ...report, seq }));
}

/** A report as it goes over the wire: its number and its JSON. */
export interface StoredReport {
  readonly seq: number;
  readonly body: string;
}

/** The oldest reports that are not acknowledged, up to a number and a size (at least one, if there is one). */
export function oldestReports(sql: Sql, { count, bytes }: { count: number; bytes: number }): StoredReport[] {
  const rows = sql
    .exec(
      `SELECT seq, body FROM (
         SELECT seq, body, sum(length(body)) OVER (ORDER BY seq) - length(body) AS bytes_before
         FROM (SELECT seq, body FROM reports ORDER BY seq LIMIT ?)
       ) WHERE bytes_before < ? ORDER BY seq`,
      count,
      bytes,
    )
    .toArray();
  return rows.map((row) => ({ seq: readNumber(row, "seq"), body: readText(row, "body") }));
}

export function hasReports(sql: Sql): boolean {
  return firstRow(sql, `SELECT 1 AS found FROM reports LIMIT 1`) !== undefined;
}

export function deleteReportsThrough(sql: Sql, through: number): void {
  sql.exec(`DELETE FROM reports WHERE seq <= ?`, through);
}

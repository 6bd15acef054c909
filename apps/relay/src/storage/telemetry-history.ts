import { compactReadingsSchema } from "@quarterdeck/core/protocol/compact-readings";
import { telemetryGapSchema } from "@quarterdeck/core/protocol/telemetry";
import * as z from "zod";
import {
  historySlots,
  mergeHistory,
  noHistory,
  slotPlace,
  type History,
  type HistorySlot,
} from "../session/telemetry-history.ts";
import { firstRow, readNumber, readText, type Row, type Sql } from "./sql.ts";

const bodySchema = z.strictObject({ readings: compactReadingsSchema, gaps: z.array(telemetryGapSchema) });

function readBody(row: Row): History {
  return bodySchema.parse(JSON.parse(readText(row, "body")));
}

/** Adds readings to a slot's row. Whatever the row held of another time is past its keeping. */
export function storeSlot(sql: Sql, { startMs, readings, gaps }: HistorySlot): void {
  const place = slotPlace(startMs);
  const row = firstRow(sql, `SELECT start_ms, body FROM telemetry_history WHERE place = ?`, place);
  const known = row && readNumber(row, "start_ms") === startMs ? readBody(row) : noHistory;
  const body = JSON.stringify(mergeHistory(known, { readings, gaps }));
  sql.exec(
    `INSERT INTO telemetry_history (place, start_ms, body) VALUES (?, ?, ?)
     ON CONFLICT (place) DO UPDATE SET start_ms = excluded.start_ms, body = excluded.body`,
    place,
    startMs,
    body,
  );
}

/** The readings of the slots that begin within the times, oldest first: less than a history length. It reads no other row. */
export function readHistory(sql: Sql, { fromMs, toMs }: { fromMs: number; toMs: number }): History {
  const [first, last] = [slotPlace(fromMs), slotPlace(toMs)];
  const ranges: readonly (readonly [number, number])[] =
    first <= last
      ? [[first, last]]
      : [
          [first, historySlots - 1],
          [0, last],
        ];
  const slots = ranges
    .flatMap(([from, to]) =>
      sql
        .exec(
          `SELECT body FROM telemetry_history
           WHERE place BETWEEN ? AND ? AND start_ms BETWEEN ? AND ? ORDER BY place`,
          from,
          to,
          fromMs,
          toMs,
        )
        .toArray(),
    )
    .map(readBody);
  return { readings: slots.flatMap(({ readings }) => readings), gaps: slots.flatMap(({ gaps }) => gaps) };
}

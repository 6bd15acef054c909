import { dayMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { appendReport, hasReports } from "../storage/reports.ts";
import { readServer, updateServer } from "../storage/server-record.ts";
import { ReportDelivery } from "./report-delivery.ts";
import { openMemorySql } from "../../test/memory-sql.ts";

function openDelivery() {
  const sql = openMemorySql();
  updateServer(sql, { serverId: "srv_1" });
  appendReport(sql, { kind: "offline", atMs: 0, reason: "the connection was closed" });
  const api = { isAway: true, asked: 0 };
  const post = () => {
    api.asked++;
    return api.isAway ? Promise.reject(new Error("the API is away")) : Promise.resolve({ through: 1 });
  };
  const delivery = new ReportDelivery({ sql, server: () => readServer(sql) }, { post });
  return { sql, api, delivery };
}

test("a report that the API did not take waits for its next try, however often the object wakes meanwhile", async () => {
  const { sql, api, delivery } = openDelivery();
  await delivery.flush(() => 10_000);
  expect(delivery.dueMs(10_500)).toBe(11_000);
  await delivery.flush(() => 10_500);
  expect(api.asked).toBe(1);
  api.isAway = false;
  await delivery.flush(() => 11_000);
  expect(hasReports(sql)).toBe(false);
});

test("[F7] a report whose next try a clock planned that was far ahead is sent as soon as that is right again", async () => {
  const { sql, api, delivery } = openDelivery();
  await delivery.flush(() => 3650 * dayMs);
  api.isAway = false;
  expect(delivery.dueMs(10_000)).toBe(10_000);
  await delivery.flush(() => 10_000);
  expect(hasReports(sql)).toBe(false);
});

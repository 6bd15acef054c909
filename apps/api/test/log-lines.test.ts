import { hourMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { createLog } from "../src/log.ts";
import { refusalOf, TestApi } from "./test-api.ts";

interface LogLine {
  readonly level: number;
  readonly time: string;
  readonly msg: string;
}

test("each log line is an object of JSON with its level and its time in UTC, and audit entries have the same clock", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const lines = platform.logLines.map((line) => JSON.parse(line) as LogLine);
  expect(lines.length).toBeGreaterThan(2);
  for (const { level, time, msg } of lines) {
    expect([typeof level, typeof msg]).toEqual(["number", "string"]);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  }
  const entries = await platform.api.database.db.select().from(auditEntries);
  const lastMs = Date.parse(lines.at(-1)?.time ?? "");
  for (const { atMs } of entries) expect(Math.abs(atMs - lastMs)).toBeLessThan(hourMs / 60);
});

test("nothing that a client sends begins a line of its own, in the log or in the audit", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const forged = '\n{"level":30,"time":"2026-01-01T00:00:00.000Z","msg":"forged"}\n';
  await fetch(`${platform.origin}/nothing${encodeURIComponent(forged)}`);
  await fetch(`${platform.origin}/trpc/${encodeURIComponent(forged)}`, { method: "POST", body: "{}" });
  await refusalOf(api.auth.signIn.mutate({ email: `ada@example.com${forged}`, password: forged }));
  for (const written of platform.logLines) {
    expect(written.indexOf("\n")).toBe(written.length - 1);
    expect((JSON.parse(written) as LogLine).msg).not.toBe("forged");
  }
  // The same where a text with line breaks is logged at all.
  const lines: string[] = [];
  createLog("info", { write: (line: string) => void lines.push(line) }).info({ path: forged }, forged);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
});

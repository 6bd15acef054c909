// npm run storm -- --sessions 2000
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { storm } from "./storm.ts";

const { values } = parseArgs({ options: { sessions: { type: "string", default: "2000" } } });
const sessions = Number(values.sessions);
if (!Number.isSafeInteger(sessions) || sessions < 1) {
  console.error("usage: npm run storm -- --sessions NUMBER");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-storm-"));
try {
  const outcome = await storm({ sessions, sessionsPerProcess: 200, folder, say: console.log });
  const { p50, p99, last } = outcome.backAfterMs;
  console.log(`back after the relay listened again: p50 ${p50} ms, p99 ${p99} ms, last ${last} ms`);
  console.log(`asked of the API meanwhile, which was down: ${JSON.stringify(outcome.apiRequests)}`);
  console.log(`${outcome.commands} commands, ${outcome.wrong.length} lost or twice`);
  for (const line of outcome.wrong) console.log(`  ${line}`);
  const asked = Object.keys(outcome.apiRequests).filter((path) => path !== "/relay/reports");
  const isPassed = p99 <= 60_000 && outcome.wrong.length === 0 && asked.length === 0;
  console.log(isPassed ? "passed" : "FAILED");
  process.exitCode = isPassed ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

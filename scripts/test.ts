// `npm test`: every section in order, stopping at the first that fails; the counts are printed in any case.
import { globSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { findTestsThatDidNotRun, parseAsvsTable } from "./asvs-table.ts";
import { repositoryRoot, runCommand, seconds } from "./run-command.ts";
import { ensureSystemPackages } from "./system-packages.ts";
import { listedAttacks, parseReport, summarize, summaryLines } from "./test-summary.ts";
import { reportsFolder } from "./vitest-config.ts";

const environment: Record<string, string> = {
  // Tests start the API's sources by the dozen, and a third of such a start is compiling.
  NODE_COMPILE_CACHE: join(repositoryRoot, ".cache/node"),
  ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }),
};
const shown = async (...command: readonly [string, ...string[]]) =>
  (await runCommand(command, { isShown: true, environment })).exitCode === 0;

const simulator = "@quarterdeck/simulator";
const grouped = ["--output-logs=full", "--log-order=grouped", "--continue"];

const sections: Record<string, () => Promise<boolean>> = {
  "system packages": ensureSystemPackages,
  check: () => shown("node", "scripts/check.ts"),
  "unit tests": () => shown("turbo", "run", "test", `--filter=!${simulator}`, ...grouped),
  build: () => shown("turbo", "run", "build", "--output-logs=errors-only"),
  // The simulation takes every processor for minutes; the other tests mostly wait, and it gives way to them.
  "end-to-end tests and simulation": () =>
    shown("turbo", "run", "@quarterdeck/web#e2e", `${simulator}#test`, "--only", "--concurrency=2", ...grouped),
};

rmSync(reportsFolder, { recursive: true, force: true });
const startedAtMs = performance.now();
let failedSection: string | undefined;
for (const [name, run] of Object.entries(sections)) {
  console.log(`\n── ${name}`);
  const sectionStartedAtMs = performance.now();
  const hasPassed = await run();
  console.log(`── ${name}: ${hasPassed ? "passed" : "FAILED"} (${seconds(sectionStartedAtMs)})`);
  if (!hasPassed) {
    failedSection = name;
    break;
  }
}

const reports = globSync("*.json", { cwd: reportsFolder }).map((file) =>
  parseReport(basename(file, ".json"), readFileSync(join(reportsFolder, file), "utf8")),
);
const attacks = listedAttacks(readFileSync(join(repositoryRoot, "docs/security/attacks.md"), "utf8"));
const counted = summarize(reports, attacks);
const asvs = parseAsvsTable(readFileSync(join(repositoryRoot, "docs/security/asvs.md"), "utf8"));
// Of a run that stopped early, some tests could not run.
const asvsMissing = failedSection === undefined ? findTestsThatDidNotRun(asvs, reports) : [];
// A section that failed for another reason than a test still shows in the last line.
const failed = counted.failed + asvsMissing.length;
const summary = { ...counted, failed: Math.max(failed, failedSection === undefined ? 0 : 1) };

console.log(`\n── summary (${seconds(startedAtMs)})`);
if (failedSection !== undefined) console.log(`stopped after: ${failedSection}`);
const isEmpty = summary.passed + summary.failed === 0;
if (isEmpty) console.log("no test ran, which counts as a failure");
for (const missing of asvsMissing) console.log(`docs/security/asvs.md names a test that did not run: ${missing}`);
for (const line of summaryLines(summary)) console.log(line);
process.exitCode = summary.failed > 0 || isEmpty ? 1 : 0;

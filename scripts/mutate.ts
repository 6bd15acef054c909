// npm run mutate [-- PART…]: changes files of core in small ways, sees whether a test fails, and notes it in docs/mutation.md.
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rowsOf, updatePage, type MutationReport } from "./mutation-table.ts";
import { repositoryRoot } from "./run-command.ts";

const core = join(repositoryRoot, "packages/core");
const page = join(repositoryRoot, "docs/mutation.md");
const report = join(repositoryRoot, ".reports/mutation.json");

interface StrykerConfig {
  readonly mutate: readonly string[];
}

/** The files that are to be changed: of one part, a file or a folder below `src`, or all. */
function filesOf(parts: readonly string[]): string[] {
  const { mutate } = JSON.parse(readFileSync(join(core, "stryker.config.json"), "utf8")) as StrykerConfig;
  const left = mutate.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  const asked = parts.map((part) => `src/${part.replace(/\/$/, "")}`);
  return globSync(
    mutate.filter((pattern) => !pattern.startsWith("!")),
    { cwd: core, exclude: left },
  )
    .filter((file) => asked.length === 0 || asked.some((part) => file === part || file.startsWith(`${part}/`)))
    .toSorted();
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: repositoryRoot, encoding: "utf8" }).trim();
}

function main(parts: readonly string[]): number {
  const files = filesOf(parts);
  if (files.length === 0) {
    console.error(`There is nothing to change in ${parts.join(", ")}. Name a file or a folder of packages/core/src.`);
    return 2;
  }
  // It changes the files themselves: what is not committed might be lost.
  if (git("status", "--porcelain", "--", "packages/core") !== "") {
    console.error(
      "packages/core has changes that are not committed. Commit them first: its files are changed in place.",
    );
    return 2;
  }
  const measured = { date: new Date().toISOString().slice(0, 10), commit: git("rev-parse", "--short=7", "HEAD") };
  rmSync(report, { force: true });
  const args = ["exec", "stryker", "run", "--incremental", "--mutate", files.join(",")];
  let isGood = true;
  try {
    execFileSync("pnpm", args, { cwd: core, stdio: "inherit" });
  } catch {
    isGood = false; // It has said why: too many survived, or a test fails without any change.
  }
  const rows = rowsOf(JSON.parse(readFileSync(report, "utf8")) as MutationReport, files, measured);
  writeFileSync(page, updatePage(readFileSync(page, "utf8"), rows));
  execFileSync("pnpm", ["exec", "biome", "format", "--write", page], { cwd: repositoryRoot, stdio: "inherit" });
  return isGood ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));

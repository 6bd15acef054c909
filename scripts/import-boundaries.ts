// Who may import whom (the rules are in .dependency-cruiser.mjs), and a guard against a green that looked at nothing:
// with a TypeScript it cannot read, dependency-cruiser finds no module and reports success.
import { globSync } from "node:fs";
import { repositoryRoot, runCommand } from "./run-command.ts";

const sourceFolders = ["apps/*/src", "packages/*/src", "bench/src", "e2e/vps", "fuzz/src", "simulator/src", "scripts"];

interface CruiseResult {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

const folders = globSync(sourceFolders, { cwd: repositoryRoot });
const { exitCode, output } = await runCommand(["depcruise", "--output-type", "json", ...folders]);
let result: CruiseResult;
try {
  result = JSON.parse(output.slice(output.indexOf("{"))) as CruiseResult;
} catch {
  console.error(`dependency-cruiser failed (exit code ${exitCode}):\n${output}`);
  process.exit(1);
}

const unseen = folders.filter(
  (folder) =>
    globSync(`${folder}/**/*.{ts,tsx}`, { cwd: repositoryRoot, exclude: (path) => path.includes("node_modules") })
      .length > 0 && !result.modules.some(({ source }) => source.startsWith(`${folder}/`) && /\.tsx?$/.test(source)),
);
for (const { from, to, rule } of result.summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
for (const folder of unseen) console.error(`no module of ${folder} was looked at`);
if (result.summary.totalCruised === 0) console.error("no module was looked at");
console.log(`${result.summary.totalCruised} modules, ${result.summary.violations.length} violations`);
if (result.summary.totalCruised === 0 || unseen.length > 0 || result.summary.violations.length > 0)
  process.exitCode = 1;

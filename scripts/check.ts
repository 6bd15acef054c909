// Everything that can be said about the code without running it. All checks run, so that one run shows all there is to fix.
import { stripVTControlCharacters } from "node:util";
import { runCommand, seconds } from "./run-command.ts";

const checks = {
  format: ["biome", "format", "--error-on-warnings"],
  lint: ["oxlint", "--type-aware", "--deny-warnings", "--report-unused-disable-directives"],
  types: ["turbo", "run", "typecheck", "--output-logs=errors-only", "--continue"],
  imports: ["node", "scripts/import-boundaries.ts"],
  documents: ["node", "scripts/document-links.ts"],
  patches: ["node", "simulator/src/check-patches.ts"],
  unused: ["knip", "--no-progress"],
} as const satisfies Record<string, readonly [string, ...string[]]>;

const advice: Partial<Record<string, string>> = { format: "npm run format rewrites the files in the house format." };

const failed: string[] = [];
for (const [name, command] of Object.entries(checks)) {
  const startedAtMs = performance.now();
  const { exitCode, output } = await runCommand(command);
  if (exitCode === 0) {
    console.log(`  ✓ ${name} (${seconds(startedAtMs)})`);
  } else {
    failed.push(name);
    console.error((process.stderr.isTTY ? output : stripVTControlCharacters(output)).trimEnd());
    console.error(`  ✗ ${name}: ${command.join(" ")} (${seconds(startedAtMs)})`);
    if (advice[name] !== undefined) console.error(`    ${advice[name]}`);
  }
}
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}

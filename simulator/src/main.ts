import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { playSeeds } from "./players.ts";
import { runScenario } from "./run-scenario.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { loadShipped } from "./shipped.ts";
import { kindOf, shrink } from "./shrink.ts";
import { crashOwnersOfRejections } from "./world/globals.ts";
import { isCaught, wrongVersions } from "./wrong-versions.ts";

const usage = `npm run simulate:session -- OPTIONS

  --seed N             plays the scenario of one seed; when it fails, shows what happened and the smallest scenario that fails
  --scenario FILE      the same for a scenario in a file of JSON
  --wrong NAME         with a defence taken out of the shipped source; "all" tries each, NAME is a part of its name
  --seeds COUNT        plays many seeds, from --from (0) on
  --trace              shows what happened also when nothing was wrong`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    scenario: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "0" },
    wrong: { type: "string" },
    trace: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Plays one scenario here, and explains its failure. */
async function explain(scenario: Scenario, wrong: string | undefined): Promise<boolean> {
  const version = wrongVersions.find(({ name }) => wrong !== undefined && name.includes(wrong));
  const shipped = await loadShipped(version?.patches ?? []);
  crashOwnersOfRejections();
  const outcome = await runScenario(shipped, scenario, { isTraced: true });
  const [first] = outcome.violations;
  if (first === undefined || values.trace) for (const line of values.trace ? outcome.trace : []) console.log(line);
  if (first === undefined) {
    console.log(`nothing was wrong (${outcome.events} events)`);
    return true;
  }
  const least = await shrink(scenario, async (smaller) => {
    const again = await runScenario(shipped, smaller, { isTraced: false });
    return again.violations.some((violation) => kindOf(violation) === kindOf(first));
  });
  const last = await runScenario(shipped, least, { isTraced: true });
  if (!values.trace) for (const line of last.trace) console.log(line);
  console.log(`\nthe smallest scenario that fails (--scenario FILE plays it):\n${JSON.stringify(least)}`);
  for (const violation of outcome.violations) console.log(`\nin the whole scenario: ${violation}`);
  for (const violation of last.violations) console.log(`in the smallest: ${violation}`);
  return false;
}

async function many(count: number, from: number): Promise<boolean> {
  const startedAtMs = performance.now();
  const { scenarios, events, failures } = await playSeeds({
    first: from,
    count,
    onFailure: ({ seed, violations }) => console.log(`seed ${seed} failed ${violations.join("; ")}`),
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  console.log(`${scenarios} scenarios, ${events} events, ${failures.length} failed, ${seconds.toFixed(1)} s`);
  return failures.length === 0;
}

async function tryWrongVersions(part: string, count: number): Promise<boolean> {
  let missed = 0;
  for (const version of wrongVersions.filter(({ name }) => part === "all" || name.includes(part))) {
    const { name } = version;
    const { scenarios, failures } = await playSeeds({ first: 0, count, wrong: name });
    const failure = failures.find(({ violations }) => isCaught(version, violations));
    if (!failure) missed++;
    console.log(
      `${failure ? `caught by scenario ${scenarios} (seed ${failure.seed})` : `NOT CAUGHT in ${scenarios}`}: ${name}${failure ? `\n  ${failure.violations.join("; ")}` : ""}`,
    );
    const others = failures.filter((other) => other !== failure);
    for (const { seed, violations } of others) console.log(`  otherwise, seed ${seed}: ${violations.join("; ")}`);
  }
  return missed === 0;
}

async function main(): Promise<boolean> {
  const { seed, scenario, seeds, wrong, from } = values;
  if (scenario !== undefined) return explain(JSON.parse(readFileSync(scenario, "utf8")) as Scenario, wrong);
  if (seed !== undefined) return explain(drawScenario(seed), wrong);
  if (wrong !== undefined) return tryWrongVersions(wrong, Number(seeds ?? 1000));
  if (seeds !== undefined) return many(Number(seeds), Number(from));
  console.log(usage);
  return values.help;
}

process.exitCode = (await main()) ? 0 : 1;

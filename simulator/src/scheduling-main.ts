import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { drawWaits } from "@quarterdeck/core/simulation/chart";
import { readTenants } from "@quarterdeck/core/simulation/read-tenants";
import { describeOutcomes } from "@quarterdeck/core/simulation/report";
import type { Capacity } from "@quarterdeck/core/simulation/policies";
import type { Tenant } from "@quarterdeck/core/simulation/workload";
import { simulate, standardSimulation } from "@quarterdeck/core/simulation/simulate";

const usage = `npm run simulate -- [OPTIONS]

Plays tenants that share one server under four ways to decide what starts next, and shows how long each waited, what
share of the work it got and how much of the server it used, as a table and as a chart of the waits.

  --seed N        draws other arrivals (${standardSimulation.seed})
  --minutes N     for how long tenants submit (${standardSimulation.untilMs / 60_000})
  --cores N       processors of the server (${standardSimulation.capacity.cpu / 1000})
  --memory N      its memory in GiB (${standardSimulation.capacity.memory / 2 ** 30})
  --tenants FILE  other tenants, as JSON: a list of what packages/core/README.md shows
  --svg FILE      where the chart goes (.reports/waits.svg)`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(standardSimulation.seed) },
    minutes: { type: "string", default: String(standardSimulation.untilMs / 60_000) },
    cores: { type: "string", default: String(standardSimulation.capacity.cpu / 1000) },
    memory: { type: "string", default: String(standardSimulation.capacity.memory / 2 ** 30) },
    tenants: { type: "string" },
    svg: { type: "string", default: join(import.meta.dirname, "../../.reports/waits.svg") },
    help: { type: "boolean", default: false },
  },
});

function readNumber(
  name: "seed" | "minutes" | "cores" | "memory",
  { least, most }: { least: number; most: number },
): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  console.error(`--${name} must be a whole number from ${least} to ${most}, not ${values[name]}`);
  process.exit(2);
}

function chooseTenants(capacity: Capacity): readonly Tenant[] {
  if (values.tenants === undefined) return standardSimulation.tenants;
  const read = readTenants(readFileSync(values.tenants, "utf8"), capacity);
  if (read.ok) return read.value;
  console.error(`${values.tenants}: ${read.error.message}`);
  process.exit(2);
}

if (values.help) console.log(usage);
else {
  const capacity = {
    cpu: readNumber("cores", { least: 1, most: 256 }) * 1000,
    memory: readNumber("memory", { least: 1, most: 4096 }) * 2 ** 30,
  };
  const outcomes = simulate({
    tenants: chooseTenants(capacity),
    seed: readNumber("seed", { least: 0, most: 2 ** 31 }),
    untilMs: readNumber("minutes", { least: 1, most: 60 }) * 60_000,
    capacity,
  });
  console.log(describeOutcomes(outcomes));
  mkdirSync(dirname(values.svg), { recursive: true });
  writeFileSync(values.svg, drawWaits(outcomes));
  console.log(`\nThe chart of the waits is in ${values.svg}`);
}

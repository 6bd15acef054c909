import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawWaits } from "@quarterdeck/core/simulation/chart";
import { describeOutcomes } from "@quarterdeck/core/simulation/report";
import { simulate, standardSimulation } from "@quarterdeck/core/simulation/simulate";

const usage = `npm run simulate -- [OPTIONS]

Plays tenants that share one server under four ways to decide what starts next, and shows how long each waited and what
share it got.

  --seed N        draws other arrivals (${standardSimulation.seed})
  --minutes N     for how long tenants submit (${standardSimulation.untilMs / 60_000})
  --cores N       processors of the server (${standardSimulation.capacity.cpu / 1000})
  --memory N      its memory in GiB (${standardSimulation.capacity.memory / 2 ** 30})
  --svg FILE      writes the chart of the waits to a file`;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(standardSimulation.seed) },
    minutes: { type: "string", default: String(standardSimulation.untilMs / 60_000) },
    cores: { type: "string", default: String(standardSimulation.capacity.cpu / 1000) },
    memory: { type: "string", default: String(standardSimulation.capacity.memory / 2 ** 30) },
    svg: { type: "string" },
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

if (values.help) console.log(usage);
else {
  const outcomes = simulate({
    ...standardSimulation,
    seed: readNumber("seed", { least: 0, most: 2 ** 31 }),
    untilMs: readNumber("minutes", { least: 1, most: 60 }) * 60_000,
    capacity: {
      cpu: readNumber("cores", { least: 1, most: 256 }) * 1000,
      memory: readNumber("memory", { least: 1, most: 4096 }) * 2 ** 30,
    },
  });
  console.log(describeOutcomes(outcomes));
  if (values.svg !== undefined) writeFileSync(values.svg, drawWaits(outcomes));
}

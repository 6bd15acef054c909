// npm run fuzz -- [--parser NAME] [--iterations N] [--seed N]
import { parseArgs } from "node:util";
import { addToCorpus, readCorpus } from "./corpus.ts";
import { runFuzz } from "./run-fuzz.ts";
import { targets } from "./targets.ts";

/** Parsers are linear in what they read, and that is bounded: an input that takes this long is a finding too. */
const slowMs = 1000;

const { values } = parseArgs({
  options: {
    parser: { type: "string" },
    iterations: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
  },
});
const iterations = Number(values.iterations);
const seed = Number(values.seed);
const chosen = targets.filter(({ name }) => values.parser === undefined || name === values.parser);
if (chosen.length === 0 || !Number.isInteger(iterations) || !Number.isInteger(seed)) {
  console.error("usage: npm run fuzz -- [--parser NAME] [--iterations N] [--seed N]");
  console.error(`parsers: ${targets.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

for (const target of chosen) {
  const startedAtMs = performance.now();
  const report = await runFuzz(target, { corpus: readCorpus(target), iterations, seed });
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  const megabytes = Math.round(process.memoryUsage.rss() / 2 ** 20);
  console.log(
    `${target.name}: ${report.iterations} inputs in ${seconds} s, seed ${seed}, slowest ${report.slowest.ms.toFixed(1)} ms, ${megabytes} MiB`,
  );
  if (report.finding) {
    console.error(`${target.name} fails for ${JSON.stringify(report.finding.input)}`, report.finding.error);
    addToCorpus(target, report.finding.input);
    process.exitCode = 1;
  } else if (report.slowest.ms > slowMs) {
    console.error(`${target.name} took ${report.slowest.ms} ms for ${JSON.stringify(report.slowest.input)}`);
    addToCorpus(target, report.slowest.input);
    process.exitCode = 1;
  }
}

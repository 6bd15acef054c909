// npm run bench -- AREA [PART…]
import { globSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { machine } from "./machine.ts";
import type { MeasureArea } from "./row.ts";
import { areAllMet, barsLine, table } from "./table.ts";

const areas = globSync("*.ts", { cwd: join(import.meta.dirname, "areas") })
  .filter((file) => !file.endsWith(".test.ts"))
  .map((file) => basename(file, ".ts"))
  .sort();
const area = process.argv[2];

if (area === undefined || !areas.includes(area)) {
  if (area !== undefined) console.error(`There is no area "${area}".`);
  console.error(`usage: npm run bench -- AREA [PART…]\nareas: ${areas.join(", ") || "none yet"}`);
  process.exit(2);
}

const { measure } = (await import(`./areas/${area}.ts`)) as { measure: MeasureArea };
const measuredAt = new Date().toISOString();
const parts = process.argv.slice(3);
const rows = await measure(parts);

if (parts.length > 0) {
  console.log(table(rows));
  for (const { what, config } of rows) console.log(what, config);
  process.exit(areAllMet(rows) ? 0 : 1);
}
const folder = join(import.meta.dirname, "..", "results");
await mkdir(folder, { recursive: true });
await writeFile(
  join(folder, `${area}.json`),
  `${JSON.stringify({ area, measuredAt, machine: machine(), rows }, null, 2)}\n`,
);

console.log(`${table(rows)}\n\nwritten to bench/results/${area}.json\n${barsLine(rows)}`);
process.exitCode = areAllMet(rows) ? 0 : 1;

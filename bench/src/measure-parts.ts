import { cores, pinThisProcess } from "./rig/cpu-cores.ts";
import type { MeasureArea, Row } from "./row.ts";
import { table } from "./table.ts";

/** An area that is made of parts, each of which can be measured alone; this process works on the core of the load. */
export function measureParts(parts: Readonly<Record<string, () => Promise<Row[]>>>): MeasureArea {
  return async (only) => {
    pinThisProcess(cores.load);
    const rows: Row[] = [];
    for (const [name, measurePart] of Object.entries(parts)) {
      if (only.length > 0 && !only.includes(name)) continue;
      console.error(`measuring ${name}…`);
      const measured = await measurePart();
      console.error(table(measured));
      rows.push(...measured);
    }
    return rows;
  };
}

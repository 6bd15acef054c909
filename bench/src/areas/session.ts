import { cores, pinThisProcess } from "../rig/cpu-cores.ts";
import type { MeasureArea, Row } from "../row.ts";
import { table } from "../table.ts";
import { measureCommand } from "../session-rows/command.ts";
import { measureEcho } from "../session-rows/echo.ts";
import { measureFlood } from "../session-rows/flood.ts";
import { measureMemory } from "../session-rows/memory.ts";
import { measureResume } from "../session-rows/resume.ts";
import { measureTelemetry } from "../session-rows/telemetry.ts";
import { measureWireBytes } from "../session-rows/wire-bytes.ts";

const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  echo: measureEcho,
  telemetry: measureTelemetry,
  flood: measureFlood,
  command: measureCommand,
  resume: measureResume,
  memory: measureMemory,
  bytes: measureWireBytes,
};

/** What the session costs: the relay and its ends beside named peers, the server side on one core and the load on another. */
export const measure: MeasureArea = async (only) => {
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

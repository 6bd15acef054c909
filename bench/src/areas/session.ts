import { cores, pinThisProcess } from "../rig/cpu-cores.ts";
import type { MeasureArea, Row } from "../row.ts";
import { measureCommand } from "./session/command.ts";
import { measureEcho } from "./session/echo.ts";
import { measureFlood } from "./session/flood.ts";
import { measureTelemetry } from "./session/telemetry.ts";

const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  echo: measureEcho,
  command: measureCommand,
  telemetry: measureTelemetry,
  flood: measureFlood,
};

/** What the session costs: the relay and its ends beside named peers, the server side on one core and the load on another. */
export const measure: MeasureArea = async (only) => {
  pinThisProcess(cores.load);
  const rows: Row[] = [];
  for (const [name, measurePart] of Object.entries(parts)) {
    if (only.length > 0 && !only.includes(name)) continue;
    console.error(`measuring ${name}…`);
    rows.push(...(await measurePart()));
  }
  return rows;
};

import { cores, pinThisProcess } from "../rig/cpu-cores.ts";
import type { MeasureArea, Row } from "../row.ts";
import { measureCommand } from "./session/command.ts";
import { measureEcho } from "./session/echo.ts";
import { measureFlood } from "./session/flood.ts";
import { measureMemory } from "./session/memory.ts";
import { measureResume } from "./session/resume.ts";
import { measureTelemetry } from "./session/telemetry.ts";
import { measureWireBytes } from "./session/wire-bytes.ts";

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
    rows.push(...(await measurePart()));
  }
  return rows;
};

import { measureParts } from "../measure-parts.ts";
import { measureCommand } from "../session-rows/command.ts";
import { measureEcho } from "../session-rows/echo.ts";
import { measureFlood } from "../session-rows/flood.ts";
import { measureMemory } from "../session-rows/memory.ts";
import { measureNeighbours } from "../session-rows/neighbours.ts";
import { measureResume } from "../session-rows/resume.ts";
import { measureTelemetry } from "../session-rows/telemetry.ts";
import { measureWireBytes } from "../session-rows/wire-bytes.ts";

/** What the session costs: the relay and its ends beside named peers, the server side on one core and the load on another. */
export const measure = measureParts({
  echo: measureEcho,
  telemetry: measureTelemetry,
  flood: measureFlood,
  neighbours: measureNeighbours,
  command: measureCommand,
  resume: measureResume,
  memory: measureMemory,
  bytes: measureWireBytes,
});

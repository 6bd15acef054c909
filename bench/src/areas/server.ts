import { measureParts } from "../measure-parts.ts";
import { measureIdle } from "../server-rows/idle.ts";
import { measurePackage } from "../server-rows/package.ts";
import { measureRunStart } from "../server-rows/run-start.ts";
import { measureSample } from "../server-rows/sample.ts";
import { measureWelcomed } from "../server-rows/welcomed.ts";

/** What the bridge costs a server: its processes on one core, what they are measured with on the other. */
export const measure = measureParts({
  package: measurePackage,
  welcomed: measureWelcomed,
  start: measureRunStart,
  sample: measureSample,
  idle: measureIdle,
});

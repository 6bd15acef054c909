import type { FuzzTarget } from "./fuzz-target.ts";
import { callBodies } from "./targets/call-bodies.ts";
import { runFiles } from "./targets/run-files.ts";
import { frameTargets } from "./targets/frames.ts";
import { sessionTargets } from "./targets/session-machines.ts";
import { signedTextTargets } from "./targets/signed-texts.ts";
import { typedTextTargets } from "./targets/typed-texts.ts";

/** Every parser of the product that reads what somebody else wrote. */
export const targets: readonly FuzzTarget[] = [
  ...frameTargets,
  ...signedTextTargets,
  callBodies,
  ...sessionTargets,
  runFiles,
  ...typedTextTargets,
];

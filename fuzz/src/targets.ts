import type { FuzzTarget } from "./fuzz-target.ts";
import { callBodies } from "./targets/call-bodies.ts";
import { runFiles } from "./targets/run-files.ts";
import { platformTrustTargets } from "./targets/platform-trust.ts";
import { frameTargets } from "./targets/frames.ts";
import { readingTargets } from "./targets/readings.ts";
import { sealedTargets } from "./targets/sealed.ts";
import { sessionTargets } from "./targets/session-machines.ts";
import { signedTextTargets } from "./targets/signed-texts.ts";
import { spoolFile } from "./targets/spool-file.ts";
import { typedTextTargets } from "./targets/typed-texts.ts";

/** Every parser of the product that reads what somebody else wrote. */
export const targets: readonly FuzzTarget[] = [
  ...frameTargets,
  ...signedTextTargets,
  ...readingTargets,
  ...sealedTargets,
  ...platformTrustTargets,
  callBodies,
  ...sessionTargets,
  runFiles,
  spoolFile,
  ...typedTextTargets,
];

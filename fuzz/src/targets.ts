import type { FuzzTarget } from "./fuzz-target.ts";
import { archive, workspaceArchive } from "./targets/archives.ts";
import { bridgeFileTargets } from "./targets/bridge-files.ts";
import { callBodies } from "./targets/call-bodies.ts";
import { egressRequest } from "./targets/egress-requests.ts";
import { helperTargets } from "./targets/helper-lines.ts";
import { projectArchive } from "./targets/project-archives.ts";
import { egressLines } from "./targets/egress-lines.ts";
import { runFiles } from "./targets/run-files.ts";
import { platformTrustTargets } from "./targets/platform-trust.ts";
import { frameTargets } from "./targets/frames.ts";
import { ownerPolicyTargets } from "./targets/owner-policy.ts";
import { readingTargets } from "./targets/readings.ts";
import { sealedTargets } from "./targets/sealed.ts";
import { sessionTargets } from "./targets/session-machines.ts";
import { signedTextTargets } from "./targets/signed-texts.ts";
import { spoolFile } from "./targets/spool-file.ts";
import { typedTextTargets } from "./targets/typed-texts.ts";

/** The parsers of the product that read what somebody else wrote, or what a crash may have left. */
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
  ...bridgeFileTargets,
  archive,
  projectArchive,
  ...helperTargets,
  egressRequest,
  workspaceArchive,
  egressLines,
  ...ownerPolicyTargets,
  ...typedTextTargets,
];

import type { ActionParams } from "@quarterdeck/core/actions/catalogue";
import type { RunId } from "@quarterdeck/core/ids";
import type { LaunchState } from "./launch-state.ts";

type UpdateStep =
  | { readonly kind: "done" }
  /** This process is the new version and has not been confirmed yet. */
  | { readonly kind: "awaitHealth" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "install" };

/**
 * Where an update stands: asked when its command comes, and at each start of a bridge until it has a result. What is on the
 * disk decides, so being cut off at any point changes nothing.
 */
export function decideUpdate(
  params: ActionParams<"bridge.update">,
  { state, runningVersion, runId }: { state: LaunchState; runningVersion: string; runId: RunId },
): UpdateStep {
  const { version, manifestHash, triesAgain } = params;
  if (state.current?.manifestHash === manifestHash)
    return state.probation === null ? { kind: "done" } : { kind: "awaitHealth" };
  const failed = state.failed.findLast((release) => release.manifestHash === manifestHash);
  // Its own failure is its result, whatever it says about earlier ones.
  if (failed && (failed.runId === runId || !triesAgain)) return { kind: "failed", reason: failed.reason };
  return runningVersion === version ? { kind: "done" } : { kind: "install" };
}

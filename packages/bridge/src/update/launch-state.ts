import { readFileSync } from "node:fs";
import { idSchema, type RunId } from "@quarterdeck/core/ids";
import { bridgeVersionSchema, compareBridgeVersions } from "@quarterdeck/core/protocol/release";
import * as z from "zod";
import type { DataDirectory } from "../data-directory.ts";
import { writeDurably } from "../durable-file.ts";

const releaseSchema = z.object({ version: bridgeVersionSchema, manifestHash: z.string() });
/** A version that was unpacked into the data directory. */
export type InstalledRelease = z.infer<typeof releaseSchema>;

/**
 * Which version of the bridge the launcher starts. Every launcher must understand what any version of it wrote, so fields
 * are only ever added, and an unknown one is ignored.
 */
const launchStateSchema = z.object({
  /** Null: the package that the launcher itself belongs to. */
  current: releaseSchema.nullable(),
  /** The version of the launcher's own package when `current` was set. */
  packageVersion: bridgeVersionSchema,
  /** `current` has not shown yet that it works; without that, what was before it comes back. */
  probation: z
    .object({ previous: releaseSchema.nullable(), runId: idSchema("run"), starts: z.int().min(0) })
    .nullable(),
  /** What did not work here. */
  failed: z.array(releaseSchema.extend({ runId: idSchema("run"), reason: z.string(), atMs: z.int() })),
});
export type LaunchState = z.infer<typeof launchStateSchema>;

const mostFailed = 20;
/** A version on probation may take the whole machine down, so its starts are counted before they happen. */
const mostStarts = 3;

export function newLaunchState(packageVersion: string): LaunchState {
  return { current: null, packageVersion, probation: null, failed: [] };
}

/** Without the file, or with one that cannot be read, the launcher's own package runs: it is there for sure. */
export function readLaunchState(data: DataDirectory): LaunchState | undefined {
  try {
    return launchStateSchema.safeParse(JSON.parse(readFileSync(data.launchFile, "utf8"))).data;
  } catch {
    return undefined;
  }
}

export function writeLaunchState(data: DataDirectory, state: LaunchState): void {
  writeDurably(data.launchFile, `${JSON.stringify(state, undefined, 2)}\n`);
}

/** The version to run from now on, until it has shown that it works. */
export function switchTo(state: LaunchState, release: InstalledRelease, runId: RunId): LaunchState {
  const previous = state.probation === null ? state.current : state.probation.previous;
  return { ...state, current: release, probation: { previous, runId, starts: 0 } };
}

export function confirm(state: LaunchState): LaunchState {
  return { ...state, probation: null };
}

/** The last start came to nothing for a reason that is not the version's. */
export function uncountStart(state: LaunchState): LaunchState {
  const { probation } = state;
  return probation === null
    ? state
    : { ...state, probation: { ...probation, starts: Math.max(0, probation.starts - 1) } };
}

/** Back to what ran before, for good: what failed is not started again by itself. */
export function rollBack(state: LaunchState, failure: { reason: string; atMs: number }): LaunchState {
  const { probation, current } = state;
  if (probation === null || current === null) return { ...state, probation: null };
  const failed = [...state.failed, { ...current, runId: probation.runId, ...failure }].slice(-mostFailed);
  return { ...state, current: probation.previous, probation: null, failed };
}

interface StartInputs {
  readonly packageVersion: string;
  /** Whether a version's files are there. */
  readonly isThere: (release: InstalledRelease) => boolean;
  readonly nowMs: number;
}

/** What to start next: the state that is to be written before that happens. */
export function prepareStart(state: LaunchState, { packageVersion, isThere, nowMs }: StartInputs): LaunchState {
  const isNewPackage = packageVersion !== state.packageVersion;
  // Somebody installed a newer one by hand since the last update: that one counts.
  const isOvertaken =
    state.current !== null && isNewPackage && compareBridgeVersions(packageVersion, state.current.version) >= 0;
  if (isOvertaken) return { ...state, current: null, probation: null, packageVersion };
  if (state.current !== null && !isThere(state.current)) {
    if (state.probation === null) return { ...state, current: null };
    return prepareStart(rollBack(state, { reason: "Its files are gone.", atMs: nowMs }), {
      packageVersion,
      isThere,
      nowMs,
    });
  }
  if (state.probation === null) return state;
  if (state.probation.starts >= mostStarts) {
    const reason = `It was started ${mostStarts} times and stopped by something else each time before it had shown that it works.`;
    return prepareStart(rollBack(state, { reason, atMs: nowMs }), { packageVersion, isThere, nowMs });
  }
  return { ...state, probation: { ...state.probation, starts: state.probation.starts + 1 } };
}

import type { Refusal } from "@quarterdeck/core/errors/result";
import type { RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { ArchiveReport } from "@quarterdeck/core/protocol/archive-report";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { Verdict } from "@quarterdeck/core/protocol/result";
import type { DataDirectory, RunDirectory } from "../data-directory.ts";
import type { ProgramCall } from "../drivers/program-call.ts";
import type { FrozenWorkspaces } from "../host/frozen-workspaces.ts";
import type { GroupLimits } from "../limits/group-limits.ts";
import type { LocalPolicy } from "../policy/local-policy.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { WorkspaceUsers } from "../sandbox/workspace-users.ts";
import type { RepositoryReading } from "./repository-state.ts";

/** What actions work with. */
export interface ActionContext {
  readonly data: Pick<DataDirectory, "path" | "workspaces" | "run" | "workspace">;
  readonly sandbox: Sandbox;
  /** Null: all runs are of the bridge's own user. */
  readonly users: Pick<WorkspaceUsers, "of"> | null;
  /** Where programs are looked for. */
  readonly folders: readonly string[];
  /** Gives workspaces and projects their limits. */
  readonly groupLimits: Pick<GroupLimits, "apply">;
  /** Halts the processes of workspaces, and lets them go on. */
  readonly frozen: Pick<FrozenWorkspaces, "freeze" | "thaw">;
  /** What the server's owner allows. */
  readonly policy: Pick<LocalPolicy, "judgeRepository">;
}

/** A verified command of a workspace. */
export interface WorkspaceCommand extends Command {
  readonly workspaceId: WorkspaceId;
}

/** What an action says about its end, beyond what its program's end says. */
export interface Completion {
  readonly verdict: Verdict;
  readonly code: string | null;
  /** In the bridge's own words: others than the project's readers see it. */
  readonly message: string | null;
  /** What a program said about it, for the project's readers only. */
  readonly quote?: string;
  readonly repository: RepositoryReading | null;
  /** What it did to the archives of its project or workspace. */
  readonly archives?: ArchiveReport;
  /** What it used, as far as its group counted it. */
  readonly used?: RunUse;
}

export interface RunUse {
  readonly cpuMs?: number;
  /** Bytes. */
  readonly peakMemory?: number;
}

export const succeeded: Completion = { verdict: "succeeded", code: null, message: null, repository: null };

export function failed(code: string, message: string, quote?: string): Completion {
  return { verdict: "failed", code, message, repository: null, ...(quote ? { quote } : {}) };
}

export function refused({ code, message }: Refusal): Completion {
  return { verdict: "refused", code, message, repository: null };
}

export type Launch =
  | { readonly kind: "program"; readonly call: ProgramCall }
  /** Nothing is left to run. */
  | { readonly kind: "done"; readonly completion: Completion };

/** How a run's program ended. */
export interface ProgramEnd {
  readonly completion: Completion;
  /** The end of its output. */
  readonly tail: string;
}

/** An action that runs a program beside a wrapper, so that it outlives the bridge. */
export interface ProgramAction {
  readonly kind: "program";
  /** Prepares the run and says what to start. Called again when a cut off run is started again. */
  launch(command: WorkspaceCommand, context: ActionContext): Promise<Launch>;
  /** Does what is left when the program ended. It may be called twice, when the bridge was cut off meanwhile. */
  complete(command: WorkspaceCommand, context: ActionContext, end: ProgramEnd): Promise<Completion>;
  /** Removes what `launch` made, when the run is not started after all. It may be called when there is nothing. */
  abandon?(command: WorkspaceCommand, context: ActionContext): Promise<void>;
}

export interface OwnRun {
  readonly runId: RunId;
  readonly directory: RunDirectory;
  readonly signal: AbortSignal;
}

/** A short action that needs no wrapper; cut off, it is done again. Its output goes to the run's output file. */
export interface OwnAction {
  readonly kind: "own";
  run(command: WorkspaceCommand, context: ActionContext, own: OwnRun): Promise<Completion>;
}

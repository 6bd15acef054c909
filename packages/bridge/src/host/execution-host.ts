import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import type { Refusal } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Capabilities, SandboxFacts } from "@quarterdeck/core/protocol/capabilities";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { Completion, WorkspaceCommand } from "../actions/action-context.ts";
import type { DataDirectory } from "../data-directory.ts";
import type { Driver, GroupPath } from "../drivers/driver.ts";
import type { RunEvidence } from "../journal/recovery.ts";
import type { MeasuredUsage } from "./measured-usage.ts";

/**
 * A command that the daemon has verified, with what its sealed part held. A host that verifies for itself looks at nothing but
 * the text.
 */
export interface HostCommand {
  readonly command: WorkspaceCommand;
  readonly text: CommandText;
  /** What only the program may get. It is never written down in clear. */
  readonly secretInput: SecretInput;
}

/** What the host offers on this machine. */
export interface HostFacts {
  readonly isolation: Capabilities["isolation"];
  /** Why isolation is not `hidden`. */
  readonly reason: string | null;
  /** How far it goes. */
  readonly sandbox: SandboxFacts;
  readonly driver: Driver["name"];
  /** Why this one, for people. */
  readonly driverReason: string;
  readonly limited: readonly LimitedResource[];
  /** Of the programs that may run, those that are installed. */
  readonly programs: readonly string[];
  /**
   * What of it who reads the commands here understands. A helper can be older than its daemon, which an update replaces alone, and
   * would refuse what it does not know.
   */
  readonly actions: readonly string[];
  readonly features: readonly string[];
}

/** Whether a run may be launched now, or how it has ended without. */
export type Readiness =
  | { readonly kind: "ready" }
  | { readonly kind: "noRoom" }
  | { readonly kind: "ended"; readonly completion: Completion };

/** What is found on the disk and in the process table about a run. */
export type RunTraces = Omit<RunEvidence, "effect">;

/** The way to the host was cut while something was under way: nobody knows how far it came. */
export class HostLost extends Error {
  override readonly name = "HostLost";
}

/**
 * Everything that touches users' files and programs. The daemon decides what happens and writes down how far it has come; the
 * host does it. In one process that is a `LocalHost`, with root a `RemoteHost` that asks the helper.
 */
export interface ExecutionHost {
  /** The files of its runs. Only the host and the wrappers change them; the daemon reads. */
  readonly files: Pick<DataDirectory, "runs" | "run">;
  readonly facts: HostFacts;

  look(runId: RunId): Promise<RunTraces>;
  /** Gets a run ready for its launch. May be called again, as long as the run has no start marker. */
  prepare(work: HostCommand): Promise<Readiness>;
  /** Gives a run that is ready to a wrapper. @throws HostLost */
  launch(work: HostCommand): Promise<void>;
  /** Resolves when the wrapper has done with a run, or is gone, however it ended; also when nobody can say any more. */
  untilEnded(runId: RunId): Promise<void>;
  /** Kills what is left of a run that was cut off and may run again, and lets it start anew. @returns why it may not */
  clear(work: HostCommand): Promise<Refusal | null>;
  /** Does what is left to do when the wrapper has left its result, and says how the run ended. May be called twice. */
  complete(work: HostCommand, how: { readonly isCancelled: boolean }): Promise<Completion>;
  /** Runs a short action that needs no wrapper, to its end. What it throws is in the completion. */
  runOwn(work: HostCommand, signal: AbortSignal): Promise<Completion>;

  /** Cancels a run, before its start or during it. */
  cancel(runId: RunId): void;
  /** Kills every process of a run. `path`: where its group is, for a run that this process did not begin. */
  kill(runId: RunId, path?: GroupPath): Promise<void>;
  /** Nothing more is typed into a run. */
  endInput(runId: RunId): void;
  /** Gives up the output of an ended run, without needing room for that. */
  dropOutput(runId: RunId): void;
  /** Removes the files of a run that ended long ago. */
  forget(runId: RunId): void;

  /** What its groups use and their files take, as far as is known. */
  usage(): readonly MeasuredUsage[];

  /** The platform has said something about its keys. */
  keysChanged(statements: readonly SignedText[]): void;
  /** A run may come soon. */
  warmUp(): void;
  /** Lets go; runs go on. */
  close(): void;
}

/** What a host says by itself. */
export interface HostEvents {
  readonly onEvidence: (evidence: readonly LimitEvidence[]) => void;
}

import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";

/**
 * Who may read the files of runs: their owner and, in a directory that belongs to a group, that group. A bridge in one process
 * has them below a directory that only its user may enter.
 */
export const runDirectoryMode = 0o750;
export const runFileMode = 0o640;

/** Where everything of one bridge is. Paths are made from ids only, never from names. */
export class DataDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the directory if needed. Its path is then free of symbolic links. */
  static open(path: string): DataDirectory {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const directory = new DataDirectory(realpathSync(path));
    mkdirSync(directory.runs, { recursive: true, mode: 0o700 });
    mkdirSync(directory.workspaces, { recursive: true, mode: 0o700 });
    return directory;
  }

  get identityFile(): string {
    return join(this.path, "identity.json");
  }
  get journalFile(): string {
    return join(this.path, "journal.db");
  }
  get lockFile(): string {
    return join(this.path, "lock.db");
  }
  get stateFile(): string {
    return join(this.path, "state.json");
  }
  get launcherLockFile(): string {
    return join(this.path, "launcher-lock.db");
  }
  /** Which version of the bridge runs. */
  get launchFile(): string {
    return join(this.path, "launch.json");
  }
  get childFile(): string {
    return join(this.path, "launched.json");
  }
  get versions(): string {
    return join(this.path, "versions");
  }
  version(version: string): string {
    return join(this.versions, version);
  }
  /** The newest heads of the org's audit that the platform told. */
  get auditHeadsFile(): string {
    return join(this.path, "audit-heads.json");
  }
  /** The newest limits of workspaces and projects. */
  get groupLimitsFile(): string {
    return join(this.path, "group-limits.json");
  }
  /** The workspaces that stay frozen when the machine is started anew. */
  get frozenWorkspacesFile(): string {
    return join(this.path, "frozen-workspaces.json");
  }
  /** The numbers of disk quotas. */
  get quotaIdsFile(): string {
    return join(this.path, "quota-ids.json");
  }
  /** What the platform said about its keys, for the helper. */
  get keyStatementsFile(): string {
    return join(this.path, "key-statements.json");
  }
  /** When there was a connection last, for runs that may not go on without one. */
  get leaseFile(): string {
    return join(this.path, "lease.json");
  }
  get reserveFile(): string {
    return join(this.path, "reserve");
  }
  get spool(): string {
    return join(this.path, "spool");
  }
  get runs(): string {
    return join(this.path, "runs");
  }
  get workspaces(): string {
    return join(this.path, "workspaces");
  }
  run(runId: RunId): RunDirectory {
    return new RunDirectory(join(this.runs, runId));
  }
  workspace(workspaceId: WorkspaceId): WorkspaceDirectory {
    return new WorkspaceDirectory(join(this.workspaces, workspaceId));
  }
}

/** The files of one run. The wrapper writes `started`, `output` and `result.json`; the bridge writes the others. */
export class RunDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get spec(): string {
    return join(this.path, "spec.json");
  }
  get started(): string {
    return join(this.path, "started");
  }
  get output(): string {
    return join(this.path, "output");
  }
  /** In the place of an output that is not kept any more. */
  get droppedOutput(): string {
    return join(this.path, "output.dropped");
  }
  get result(): string {
    return join(this.path, "result.json");
  }
  /** What its content is sealed with. */
  get contentKey(): string {
    return join(this.path, "content-key.json");
  }
  get cancel(): string {
    return join(this.path, "cancel");
  }
  /** Says that the end of its lease stopped it, and nobody cancelled it. */
  get leaseOver(): string {
    return join(this.path, "lease-over");
  }
  /** The pipe of a run that takes input: so named until its wrapper has opened it. */
  get unopenedInput(): string {
    return join(this.path, "input.new");
  }
  get input(): string {
    return join(this.path, "input");
  }
  /** Says that nothing more comes. */
  get inputEnd(): string {
    return join(this.path, "input-ended");
  }
}

export class WorkspaceDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get home(): string {
    return join(this.path, "home");
  }
  get scratch(): string {
    return join(this.path, "scratch");
  }
  get projects(): string {
    return join(this.path, "projects");
  }
  project(projectId: ProjectId): string {
    return join(this.projects, projectId);
  }
  /** Where a restored project grows before it is renamed into place. */
  unfinishedRestore(runId: RunId): string {
    return join(this.projects, `.restore-${runId}`);
  }
  /** Where a project's old directory is while a restored one takes its place; of a workspace, those of its projects are in it. */
  replacedProject(runId: RunId): string {
    return join(this.projects, `.replaced-${runId}`);
  }
  /** Archives of the workspace and its projects. No run sees them, and none can change them. */
  get archives(): string {
    return join(this.path, "archives");
  }
  /** Where an archive grows. */
  unfinishedArchive(runId: RunId): string {
    return join(this.archives, `.archive-${runId}`);
  }
  /** Where a clone grows before it is renamed into place. */
  unfinishedClone(runId: RunId): string {
    return join(this.projects, `.clone-${runId}`);
  }
}

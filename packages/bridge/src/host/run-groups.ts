import type { RunId } from "@quarterdeck/core/ids";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import type { Driver, GroupPath, RunGroup, RunGroupEnd } from "../drivers/driver.ts";
import type { GroupLimits } from "../limits/group-limits.ts";
import { runLimits } from "../drivers/run-limits.ts";
import { errorMessage, type Log } from "../log.ts";
import type { FrozenWorkspaces } from "./frozen-workspaces.ts";
import { groupPath } from "./group-path.ts";
import type { HostEvents } from "./execution-host.ts";

interface RunGroupsOptions extends HostEvents {
  readonly driver: Driver;
  readonly groupLimits: Pick<GroupLimits, "apply">;
  readonly frozen: Pick<FrozenWorkspaces, "admit">;
  readonly log: Log;
}

/** More than can wait to be asked for. */
const keptEnds = 1024;

/** The groups of runs, from before their launch to after their end. */
export class RunGroups {
  readonly #options: RunGroupsOptions;
  readonly #paths = new Map<RunId, GroupPath>();
  readonly #ends = new Map<RunId, RunGroupEnd>();

  constructor(options: RunGroupsOptions) {
    this.#options = options;
  }

  /** Makes the group of a run, within groups that have the limits its command brings. */
  async open(command: WorkspaceCommand): Promise<RunGroup | null> {
    const { driver, groupLimits, frozen, onEvidence } = this.#options;
    const { runId } = command;
    frozen.admit(command.workspaceId);
    const { network, limits } = command;
    await groupLimits.apply({ ...command, starts: { mode: network.mode, timeoutMs: limits.timeoutMs } });
    const path = groupPath(command);
    const { group, evidence } = await driver.openRun(runId, path, runLimits(command.demand));
    this.#paths.set(runId, path);
    if (evidence.length > 0) onEvidence(evidence);
    return group;
  }

  /** Kills what is left of a run in its group. */
  async kill(runId: RunId, path: GroupPath | undefined = this.#paths.get(runId)): Promise<void> {
    if (path) await this.#options.driver.killRun(runId, path);
  }

  /** The run has ended: nothing of it is left after this. What its group counted is kept until it is asked for. */
  async close(runId: RunId, path: GroupPath | undefined = this.#paths.get(runId)): Promise<void> {
    if (!path) return;
    const { driver, log } = this.#options;
    this.#paths.delete(runId);
    try {
      const end = await driver.closeRun(runId, path);
      if (end) this.#remember(runId, end);
    } catch (error) {
      log.warn("the group of a run could not be closed", { runId, reason: errorMessage(error) });
    }
  }

  #remember(runId: RunId, end: RunGroupEnd): void {
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size >= keptEnds) this.#ends.delete(oldest);
    this.#ends.set(runId, end);
  }

  endOf(runId: RunId): RunGroupEnd | undefined {
    return this.#ends.get(runId);
  }
}

import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { RunId } from "@quarterdeck/core/ids";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { KernelLimits, LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { Driver, GroupPath } from "./driver.ts";
import { groupNode } from "./group-node.ts";
import { admitRun, applyOtherLimits, countedUse, type NodeLimiter } from "./node-limiter.ts";

interface ProcessDriverOptions {
  readonly limiters: readonly NodeLimiter[];
  readonly nowMs: () => number;
}

/** The driver of a machine where no groups can be made: runs are ordinary processes, which their wrappers find and kill. */
export class ProcessDriver implements Driver {
  readonly name = "process";
  readonly limited: readonly LimitedResource[];
  readonly #options: ProcessDriverOptions;

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    this.limited = options.limiters.flatMap(({ resource, isEnforced }) => (isEnforced ? [resource] : []));
  }

  applyLimits(path: GroupPath, limits: KernelLimits): Promise<LimitEvidence[]> {
    const { limiters, nowMs } = this.#options;
    return applyOtherLimits(groupNode(path), { limits, limiters, limited: [] }, nowMs);
  }

  async openRun(runId: RunId, path: GroupPath) {
    await admitRun(groupNode(path, runId), this.#options.limiters);
    return { group: null, evidence: [] };
  }

  async closeRun(runId: RunId, path: GroupPath) {
    groupNode(path, runId);
    return null;
  }

  async killRun(runId: RunId, path: GroupPath) {
    groupNode(path, runId);
  }

  async freeze(path: GroupPath): Promise<never> {
    groupNode(path);
    throw new QuarterdeckError(
      "LIMITS_UNAVAILABLE",
      "Nothing can be frozen on this server, because the bridge can make no control groups. quarterdeck-bridge doctor says why.",
    );
  }

  async thaw(path: GroupPath) {
    groupNode(path);
  }

  usage() {
    return [];
  }

  diskUse(path: GroupPath): Promise<number | null> {
    return countedUse(groupNode(path), this.#options.limiters);
  }

  async remove(path: GroupPath) {
    groupNode(path);
  }
  release() {}
}

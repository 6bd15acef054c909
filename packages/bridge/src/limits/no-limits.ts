import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { KernelLimits, LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { Clock } from "@quarterdeck/core/clock";
import type { Driver } from "../drivers/driver.ts";

/** Where nothing limits workspaces and projects: it says so of each limit that is wanted. */
export function noLimits(clock: Pick<Clock, "nowMs">): Pick<Driver, "name" | "limited" | "applyLimits"> {
  return {
    name: "process",
    limited: [],
    async applyLimits({ workspaceId, projectId }, limits: KernelLimits) {
      const wanted = Object.entries(limits) as [LimitedResource, number | null][];
      return wanted.map(
        ([resource, amount]): LimitEvidence => ({
          node: projectId ?? workspaceId,
          resource,
          wanted: amount,
          actual: null,
          state: "unsupported",
          source: "the driver process, which limits nothing",
          atMs: clock.nowMs(),
        }),
      );
    },
  };
}

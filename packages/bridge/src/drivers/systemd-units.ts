import { leastIo } from "./cgroup-v2.ts";
import type { GroupNode } from "./group-node.ts";
import type { GroupLimits } from "./hierarchy.ts";

/** The names of a node's units below a first slice, `qd` in a real installation. A `-` in a slice's name makes a level. */
export function sliceName(prefix: string, { workspaceId, projectId }: GroupNode): string {
  return `${[prefix, workspaceId, projectId].filter((part) => part !== null).join("-")}.slice`;
}

/** The service in a node's slice whose group is handed over to us: below it are the runs. */
export function runsServiceName(prefix: string, { workspaceId, projectId }: GroupNode): string {
  return `${prefix}-runs-${projectId ?? workspaceId}.service`;
}

/** The node of a slice's name, as two ids that are yet to be checked. */
export function parseSliceName(prefix: string, name: string): string[] | undefined {
  if (!name.startsWith(`${prefix}-`) || !name.endsWith(".slice")) return undefined;
  return name.slice(prefix.length + 1, -".slice".length).split("-");
}

const orInfinity = (amount: number | null) => (amount === null ? "infinity" : String(amount));

/** The limits of a slice, as properties for `systemctl set-property`. */
export function sliceProperties(
  { cpu, memoryHigh, memoryMax, tasks, ioBytesPerSecond }: GroupLimits,
  device: string | null,
): string[] {
  return [
    `CPUQuota=${cpu === null ? "" : `${cpu / 10}%`}`,
    `MemoryHigh=${orInfinity(memoryHigh)}`,
    `MemoryMax=${orInfinity(memoryMax)}`,
    `MemorySwapMax=${memoryMax === null ? "infinity" : "0"}`,
    `TasksMax=${orInfinity(tasks)}`,
    ...(device === null
      ? []
      : ["IOReadBandwidthMax", "IOWriteBandwidthMax"].map(
          (name) => `${name}=/dev/block/${device} ${orInfinity(leastIo(ioBytesPerSecond))}`,
        )),
  ];
}

/**
 * A service that only sleeps, so that its group exists and is ours. Nothing of it may stop the runs in its group: it is the
 * last that the kernel takes when memory is short, and systemd does not stop it when a run was taken.
 */
export function holderArguments(name: string, slice: string): string[] {
  const properties = [
    "Delegate=yes",
    "CPUAccounting=yes",
    "MemoryAccounting=yes",
    "TasksAccounting=yes",
    "IOAccounting=yes",
    "TasksMax=infinity",
    "OOMPolicy=continue",
    "OOMScoreAdjust=-999",
    "Description=Quarterdeck: the runs of a project",
  ];
  return [
    `--unit=${name}`,
    `--slice=${slice}`,
    "--quiet",
    "--collect",
    ...properties.map((property) => `--property=${property}`),
    "--",
    "sleep",
    "infinity",
  ];
}

import { readFileSync, statSync } from "node:fs";
import { deviceNumber, parseQuotaMount, type QuotaMount } from "./quota-mount.ts";
import { findTool, runTool } from "./run-tool.ts";

/** What quotas are set and read with. */
export interface QuotaSystem {
  /** The file system that a folder is on; `undefined` where it is none whose quotas we know. */
  findMount(folder: string): QuotaMount | undefined;
  isInstalled(tool: string): boolean;
  readonly run: typeof runTool;
}

export const quotaTools = ["chattr", "lsattr", "setquota", "repquota", "find", "dd"] as const;

/** The file systems and tools of this machine. */
export const machineQuotas: QuotaSystem = {
  findMount: (folder) =>
    parseQuotaMount(readFileSync("/proc/self/mountinfo", "utf8"), deviceNumber(statSync(folder).dev)),
  isInstalled: (tool) => findTool(tool) !== undefined,
  run: runTool,
};

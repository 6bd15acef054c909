import type { GroupUsage } from "../drivers/driver.ts";

/** What a group uses, and what its files take. */
export interface MeasuredUsage extends GroupUsage {
  /** Bytes on the disk, of a workspace with all that is in it, or of a project; null: not measured, or a run. */
  readonly disk: number | null;
}

/** Where usage is read: here, or by a process that may. */
export type UsageSource = () => readonly MeasuredUsage[] | Promise<readonly MeasuredUsage[]>;

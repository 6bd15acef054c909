import * as z from "zod";

const amount = z.int().min(0).nullable();

/**
 * What the kernel of a server enforces on a workspace or a project. Null: no limit. Cpu in millicores, memory and disk in
 * bytes, bandwidth in bytes per second, tasks: processes and threads.
 */
export const kernelLimitsSchema = z.strictObject({
  cpu: amount,
  memory: amount,
  tasks: amount,
  disk: amount,
  bandwidth: amount,
});
export type KernelLimits = z.infer<typeof kernelLimitsSchema>;

/** What a driver may limit: `io` is held between runs by weight and has no amount of its own. */
export const limitedResources = ["cpu", "memory", "tasks", "disk", "bandwidth", "io"] as const;
export type LimitedResource = (typeof limitedResources)[number];

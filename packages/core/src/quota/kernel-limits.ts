import * as z from "zod";

const amount = z.int().min(0).nullable();

/**
 * What the kernel of a server enforces on a workspace or a project. Null: no limit. Cpu in millicores, memory and disk in
 * bytes, bandwidth and io in bytes per second (each way), tasks: processes and threads.
 */
export const kernelLimitsSchema = z.strictObject({
  cpu: amount,
  memory: amount,
  tasks: amount,
  disk: amount,
  bandwidth: amount,
  /** Of the disk that the workspaces are on. Missing in what is said to a bridge that does not know it (PROTOCOL 16.11): no limit. */
  io: amount.exactOptional(),
});
export type KernelLimits = z.infer<typeof kernelLimitsSchema>;

/** What a driver may limit. */
export const limitedResources = ["cpu", "memory", "tasks", "disk", "bandwidth", "io"] as const;
export type LimitedResource = (typeof limitedResources)[number];

const names = Object.keys(kernelLimitsSchema.shape) as (keyof KernelLimits)[];

/** Whether both hold to the same; a limit that is missing is none. */
export function areSameLimits(a: KernelLimits, b: KernelLimits): boolean {
  return names.every((name) => (a[name] ?? null) === (b[name] ?? null));
}

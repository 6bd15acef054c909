import * as z from "zod";
import { ResourceList } from "./amounts.ts";

/**
 * What an org's plan is about. Cpu in millicores, memory and disk in bytes, bandwidth and io in bytes per second: what comes in
 * and goes out over the network each, what is read from and written to the disk each. The others are numbers of things: agents and
 * runs at once, projects, members and servers in all.
 */
export const quotaResourceNames = [
  "cpu",
  "memory",
  "disk",
  "bandwidth",
  "io",
  "agents",
  "runs",
  "projects",
  "members",
  "servers",
] as const;
export type QuotaResource = (typeof quotaResourceNames)[number];

export const quotaResources = new ResourceList(quotaResourceNames);

const limit = z.int().min(0);

/** Limits by name; what is not named has none. */
export const quotaLimitsSchema = z.partialRecord(z.enum(quotaResourceNames), limit);
export type QuotaLimits = z.infer<typeof quotaLimitsSchema>;

/** A change of limits: null takes a limit away, what is not named stays. */
export const quotaChangeSchema = z.partialRecord(z.enum(quotaResourceNames), limit.nullable());
export type QuotaChange = z.infer<typeof quotaChangeSchema>;

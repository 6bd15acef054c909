import * as z from "zod";
import { idSchema } from "../ids.ts";
import { limitedResources } from "../quota/kernel-limits.ts";
import { kibibyte } from "../units.ts";
import { signedTextSchema } from "./signing.ts";

/**
 * One limit as wanted and as the kernel says. `measured`: the kernel does not enforce it, use is measured and new runs are
 * blocked.
 */
export const limitEvidenceSchema = z.strictObject({
  node: z.union([idSchema("workspace"), idSchema("project"), idSchema("run")]),
  resource: z.enum(limitedResources),
  wanted: z.int().min(0).nullable(),
  actual: z.int().min(0).nullable(),
  state: z.enum(["enforced", "mismatch", "measured", "unsupported"]),
  /** Which file or tool was read. */
  source: z.string().max(200),
  atMs: z.int(),
});
export type LimitEvidence = z.infer<typeof limitEvidenceSchema>;

/** The most in one report, so that its text and a batch of them stay small. */
export const maxEvidencePerReport = 64;

/** What a bridge signs about the limits on its machine (PROTOCOL 16.4). */
export const evidenceReportSchema = z.strictObject({
  v: z.literal(1),
  serverId: idSchema("server"),
  orgId: idSchema("org"),
  /** When it was said. Rises with each report, so that none counts twice. */
  saidAtMs: z.int().min(0),
  driver: z.enum(["systemd", "cgroup", "process"]),
  /** What the driver limits on that machine. */
  limited: z.array(z.enum(limitedResources)).max(limitedResources.length),
  items: z.array(limitEvidenceSchema).min(1).max(maxEvidencePerReport),
});
export type EvidenceReport = z.infer<typeof evidenceReportSchema>;

/** A report as it travels. */
export const evidenceTextSchema = z.strictObject({
  ...signedTextSchema.shape,
  signed: z.string().max(32 * kibibyte),
});

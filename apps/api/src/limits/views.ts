import { idSchema } from "@quarterdeck/core/ids";
import { evidenceReportSchema, limitEvidenceSchema } from "@quarterdeck/core/protocol/limit-evidence";
import { kernelLimitsSchema, limitedResources } from "@quarterdeck/core/quota/kernel-limits";
import * as z from "zod";

/** One limit as a server's kernel holds it, by what its bridge signed. */
const evidenceViewSchema = limitEvidenceSchema.omit({ node: true }).extend({
  serverId: idSchema("server"),
  /** Since when it is so. */
  sinceMs: z.int(),
});
export type EvidenceView = z.infer<typeof evidenceViewSchema>;

export const nodeEvidenceViewSchema = z.strictObject({
  /** What the next command asks the kernel for; null for an org, which has no group on a server. */
  wanted: kernelLimitsSchema.nullable(),
  /** Whether the bridge of its server says what the kernel holds; null where it has none, or was never there. */
  isTold: z.boolean().nullable(),
  /** What its server limits at all; null where that is not known. */
  limited: z.array(z.enum(limitedResources)).nullable(),
  items: z.array(evidenceViewSchema),
});
export type NodeEvidenceView = z.infer<typeof nodeEvidenceViewSchema>;

export const evidenceHistoryEntrySchema = evidenceViewSchema.omit({ sinceMs: true }).extend({ historyId: z.int() });
export type EvidenceHistoryEntry = z.infer<typeof evidenceHistoryEntrySchema>;

/** What a server's bridge said last of what it can limit. */
export const serverLimitsViewSchema = evidenceReportSchema.pick({ driver: true, limited: true }).extend({
  /** When. */
  atMs: z.int(),
});
export type ServerLimitsView = z.infer<typeof serverLimitsViewSchema>;

/** When something was heard of that a kernel holds otherwise than it was asked to. */
export const limitAlertSchema = z.strictObject({ atMs: z.int() });

/** One limit that a kernel does not hold. */
export const limitFindingSchema = evidenceViewSchema.extend({
  nodeId: limitEvidenceSchema.shape.node,
  /** Of the workspace or project; of a run none. */
  name: z.string().nullable(),
});
export type LimitFinding = z.infer<typeof limitFindingSchema>;

import { idSchema, type OrgId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { quotaLimitsSchema, quotaResourceNames } from "@quarterdeck/core/quota/quota-resources";
import * as z from "zod";

/** What has a quota. */
export const quotaNodeIdSchema = z.union([idSchema("org"), idSchema("workspace"), idSchema("project")]);
export type QuotaNodeId = OrgId | WorkspaceId | ProjectId;

export const quotaNodeKinds = ["org", "workspace", "project"] as const;
export type QuotaNodeKind = (typeof quotaNodeKinds)[number];

/** What the platform itself counts; the rest is held on the servers. */
export const countedResources = ["projects", "members", "servers"] as const;
export type CountedResource = (typeof countedResources)[number];

const countsSchema = z.partialRecord(z.enum(countedResources), z.int().min(0));
const amountsSchema = z.partialRecord(z.enum(quotaResourceNames), z.int().min(0));

/** What a node gets beside its siblings when all of them want more than is there: twice the weight, twice as much. */
export const quotaWeightSchema = z.int().min(1).max(1000);

/** What somebody decided about a node. */
const nodeQuotaSchema = z.strictObject({
  limits: quotaLimitsSchema,
  isOvercommitted: z.boolean(),
  weight: quotaWeightSchema,
});
export type NodeQuota = z.infer<typeof nodeQuotaSchema>;

const quotaNodeViewSchema = z.strictObject({
  nodeId: quotaNodeIdSchema,
  kind: z.enum(quotaNodeKinds),
  name: z.string(),
  ...nodeQuotaSchema.shape,
  /** How many there are here and below. */
  counts: countsSchema,
  /** How many more there are than the limit, since that was lowered. Nothing is taken away. */
  overdraft: countsSchema,
});

export const quotaViewSchema = quotaNodeViewSchema.extend({
  parentId: quotaNodeIdSchema.nullable(),
  /** What its children are given in all. */
  given: amountsSchema,
  children: z.array(quotaNodeViewSchema),
});
export type QuotaView = z.infer<typeof quotaViewSchema>;
export type QuotaNodeView = z.infer<typeof quotaNodeViewSchema>;

export const quotaHistoryEntrySchema = z.strictObject({
  historyId: z.int(),
  nodeId: quotaNodeIdSchema,
  actor: idSchema("user"),
  atMs: z.int(),
  before: nodeQuotaSchema,
  after: nodeQuotaSchema,
});
export type QuotaHistoryEntry = z.infer<typeof quotaHistoryEntrySchema>;

import { idSchema, type OrgId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { lifecycleFactorSchema, lifecycleStates } from "@quarterdeck/core/quota/lifecycle";
import { presetSchema } from "@quarterdeck/core/quota/presets";
import { planNames } from "@quarterdeck/core/quota/request-tiers";
import { quotaLimitsSchema, quotaResourceNames } from "@quarterdeck/core/quota/quota-resources";
import { resourceNames, resourcesSchema } from "@quarterdeck/core/quota/resources";
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
  /** Of a project: how much of that it has. */
  lifecycle: z.enum(lifecycleStates).optional(),
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
  /** What its runs reserve. */
  inUse: resourcesSchema,
  /** The same as of its children, and what runs reserve above a limit that was lowered under them. */
  overdraft: z.partialRecord(z.enum([...countedResources, ...resourceNames]), z.int().min(0)),
  /** What is above it, from the org down. */
  path: z.array(z.strictObject({ nodeId: quotaNodeIdSchema, name: z.string() })),
  /** Of a project: what it would have in each state. */
  states: z.array(
    z.strictObject({ state: z.enum(lifecycleStates), factor: lifecycleFactorSchema, limits: quotaLimitsSchema }),
  ),
  /** Of an org: how much it may ask of the platform. */
  plan: z.strictObject({ name: z.enum(planNames), requestsPerMinute: z.int() }).nullable(),
  mayChange: z.boolean(),
});
export type QuotaView = z.infer<typeof quotaViewSchema>;
export type QuotaNodeView = z.infer<typeof quotaNodeViewSchema>;

export const quotaHistoryEntrySchema = z.strictObject({
  historyId: z.int(),
  nodeId: quotaNodeIdSchema,
  actor: idSchema("user"),
  /** How people call them. */
  actorEmail: z.string(),
  atMs: z.int(),
  before: nodeQuotaSchema,
  after: nodeQuotaSchema,
});
export type QuotaHistoryEntry = z.infer<typeof quotaHistoryEntrySchema>;

/** A quota to be chosen by name. */
export const presetViewSchema = presetSchema.omit({ services: true }).extend({ name: z.string() });
export type PresetView = z.infer<typeof presetViewSchema>;

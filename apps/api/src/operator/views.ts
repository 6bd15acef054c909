import { idSchema } from "@quarterdeck/core/ids";
import { planNames } from "@quarterdeck/core/quota/request-tiers";
import * as z from "zod";
import { keyStatusSchema } from "../keys/key-status.ts";

// What an operator is shown. Of an org that is what it is called and how much of the platform it uses, and nothing that is in it.

const count = z.int().min(0);

/** How each part of the platform is. */
export const platformHealthSchema = z.strictObject({
  atMs: z.int(),
  database: z.strictObject({
    isFile: z.boolean(),
    /** Of one small read. */
    latencyMs: z.number(),
    /** Null where the server does not say. */
    sizeBytes: count.nullable(),
  }),
  relay: z.strictObject({ isReachable: z.boolean(), latencyMs: z.number() }),
  outbox: z.strictObject({
    waiting: count,
    /** Those for which most waits, the worst first. */
    worst: z.array(
      z.strictObject({ serverId: idSchema("server"), orgId: idSchema("org"), waiting: count, oldestAtMs: z.int() }),
    ),
  }),
  /** Of the process that answers; null before the first. */
  housekeeping: z.strictObject({ atMs: z.int(), isOk: z.boolean() }).nullable(),
  audit: z.strictObject({ unchained: count, oldestAtMs: z.int().nullable() }),
  versions: z.strictObject({
    api: z.string(),
    /** The console is built with the API and served by it; null where something else serves it. */
    console: z.string().nullable(),
    relayProtocol: z.string().nullable(),
    apiProtocol: z.string(),
    offeredBridge: z.string().nullable(),
    bridges: z.array(z.strictObject({ version: z.string(), servers: count })),
  }),
});
export type PlatformHealth = z.infer<typeof platformHealthSchema>;

export const operatedOrgSchema = z.strictObject({
  orgId: idSchema("org"),
  name: z.string(),
  plan: z.enum(planNames),
  createdAtMs: z.int(),
  isClaimed: z.boolean(),
  /** When it is deleted; null: nobody asked for that. */
  deleteAtMs: z.int().nullable(),
  members: count,
  servers: count,
  workspaces: count,
  projects: count,
});
export type OperatedOrg = z.infer<typeof operatedOrgSchema>;

export const operatedOrgsSchema = z.strictObject({
  orgs: z.array(operatedOrgSchema),
  /** Where the next page begins; null on the last. */
  next: idSchema("org").nullable(),
});

export const platformSettingsSchema = z.strictObject({ isSignUpOpen: z.boolean() });
export type PlatformSettings = z.infer<typeof platformSettingsSchema>;

/** The platform's keys without what their servers are called. */
export const operatedKeysSchema = keyStatusSchema.extend({
  servers: z.array(keyStatusSchema.shape.servers.element.omit({ name: true })),
});
export type OperatedKeys = z.infer<typeof operatedKeysSchema>;

export const accountSummarySchema = z.strictObject({
  userId: idSchema("user"),
  email: z.string(),
  createdAtMs: z.int(),
  isOperator: z.boolean(),
  orgs: count,
});
export type AccountSummary = z.infer<typeof accountSummarySchema>;

/** A link that no mail server took. Who has it acts as the one it is for, so it is for handing over and nothing else. */
export const pendingLinkSchema = z.strictObject({
  kind: z.string(),
  email: z.string(),
  url: z.string(),
  expiresAtMs: z.int(),
});
export type PendingLinkView = z.infer<typeof pendingLinkSchema>;

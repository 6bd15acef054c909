import * as z from "zod";
import { idSchema } from "../ids.ts";
import { hashSchema } from "../protocol/audit-head.ts";

/** A chain's name. */
export const chainIdSchema = z.union([idSchema("org"), z.literal("platform")]);

/**
 * What the platform signs about the entries of a chain that it deleted, because they were older than they are kept
 * (PROTOCOL 15.6): the last of them, and its hash, after which the rest follows.
 */
export const auditCutSchema = z.strictObject({
  v: z.literal(1),
  chainId: chainIdSchema,
  seq: z.int().min(1),
  hash: hashSchema,
  atMs: z.int().min(0),
  /** The rule: entries are kept for so many days. */
  keptDays: z.int().min(1),
});
export type AuditCut = z.infer<typeof auditCutSchema>;

import * as z from "zod";
import { idSchema } from "../ids.ts";
import { hashSchema, heldHeadsSchema, toldHeadSchema } from "../protocol/audit-head.ts";
import { publicKeySchema } from "../protocol/signing.ts";
import { chainIdSchema } from "./cut.ts";

// An export of a chain is lines of JSON: what it is, an entry a line in the order of their numbers, and that it ends.

/** What a server's bridge has signed about the heads that it was told, and the key that it signs with. */
const exportedWitnessSchema = z.strictObject({
  serverId: idSchema("server"),
  publicKey: publicKeySchema,
  evidence: heldHeadsSchema,
});

const placeSchema = z.strictObject({ seq: z.int().min(0), hash: z.union([z.literal(""), hashSchema]) });

export const exportHeaderSchema = z.strictObject({
  format: z.literal("quarterdeck-audit"),
  v: z.literal(1),
  chainId: chainIdSchema,
  exportedAtMs: z.int().min(0),
  /** False: only entries that match a filter, which cannot be verified as a chain. */
  isWhole: z.boolean(),
  /** The entry before the first one: where the chain begins, or where it was cut. */
  from: placeSchema,
  /** The newest entry when the export was made. */
  to: placeSchema,
  /** The platform's word for what was cut, where something was. */
  cut: toldHeadSchema.nullable(),
  /** The platform's word for the newest entry; null where there is none, and of the platform's own chain. */
  head: toldHeadSchema.nullable(),
  /** All keys that the platform has signed with. */
  platformKeys: z.array(publicKeySchema),
  witnesses: z.array(exportedWitnessSchema),
});
export type ExportHeader = z.infer<typeof exportHeaderSchema>;

export const exportEntrySchema = z.strictObject({
  seq: z.int().min(1),
  entryId: idSchema("entry"),
  atMs: z.int(),
  actor: z.string(),
  address: z.string().nullable(),
  action: z.string(),
  subject: z.string().nullable(),
  outcome: z.string(),
  detail: z.string().nullable(),
  hash: z.string(),
});

export const exportEndSchema = z.strictObject({ end: z.literal(true), entries: z.int().min(0) });

import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";

export const auditEntryViewSchema = z.strictObject({
  entryId: idSchema("entry"),
  /** Its number in the chain; null for a moment, while it waits for it. */
  seq: z.int().nullable(),
  atMs: z.int(),
  actor: z.string(),
  /** What the actor is called now, where that is known. */
  actorName: z.string().nullable(),
  address: z.string().nullable(),
  action: z.string(),
  subject: z.string().nullable(),
  subjectName: z.string().nullable(),
  outcome: z.enum(["done", "refused"]),
  detail: z.string().nullable(),
});
export type NamedEntry = z.infer<typeof auditEntryViewSchema>;

export const auditPageViewSchema = z.strictObject({
  entries: z.array(auditEntryViewSchema),
  /** Where older ones go on; null: there are none. A page may have few entries, or none, and still go on. */
  next: z.string().nullable(),
});

const headSchema = z.strictObject({ seq: z.int(), hash: z.string() });

export const auditStandingViewSchema = z.strictObject({
  /** The newest entry. */
  head: headSchema,
  /** Entries up to here were deleted by the org's rule. */
  cut: z.strictObject({ seq: z.int(), atMs: z.int() }).nullable(),
  /** How long entries are kept; null: for ever. */
  keptDays: z.int().nullable(),
  /** What the newest verification found. */
  verified: z
    .strictObject({
      seq: z.int(),
      atMs: z.int(),
      fault: z
        .strictObject({
          kind: z.enum(["outOfOrder", "altered", "replaced", "cut"]),
          seq: z.int(),
          entryId: z.string().nullable(),
        })
        .nullable(),
    })
    .nullable(),
  /** What each server's bridge has signed that it holds; null while it has said nothing. */
  witnesses: z.array(
    z.strictObject({
      serverId: idSchema("server"),
      name: z.string(),
      holds: z.strictObject({ ...headSchema.shape, atMs: z.int() }).nullable(),
      /** The number of a head that it was told and that is not in the audit. */
      conflictSeq: z.int().nullable(),
    }),
  ),
});
export type AuditStandingView = z.infer<typeof auditStandingViewSchema>;

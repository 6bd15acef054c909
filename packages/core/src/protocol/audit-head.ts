import * as z from "zod";
import { idSchema } from "../ids.ts";
import { signedTextSchema } from "./signing.ts";

/** SHA-256, in base64url. */
export const hashSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be SHA-256 in base64url");

/** The number of the newest entry of an org's audit, and its hash, which stands for every entry before it. */
const headSchema = z.strictObject({
  seq: z.int().min(1),
  hash: hashSchema,
});

/** What the platform signs about an org's audit (PROTOCOL 15.1). */
export const auditHeadSchema = z.strictObject({ v: z.literal(1), orgId: idSchema("org"), ...headSchema.shape });
export type AuditHead = z.infer<typeof auditHeadSchema>;

/** What a bridge signs about the heads that it was told (PROTOCOL 15.3). */
export const heldHeadSchema = z.strictObject({
  v: z.literal(1),
  serverId: idSchema("server"),
  orgId: idSchema("org"),
  /** The newest that it holds, durably. */
  holds: headSchema,
  /** Another one that it was told: the one that it held before, or one that it did not take. */
  also: headSchema.nullable(),
});
export type HeldHead = z.infer<typeof heldHeadSchema>;

/** Room for what is signed here, and little more. */
const shortTextSchema = z.strictObject({ ...signedTextSchema.shape, signed: z.string().max(1024) });

/** The platform's word, as it is told. */
export const toldHeadSchema = shortTextSchema;

/** The bridge's word, and the platform's for each head in it, so that neither can say what the other did not. */
export const heldHeadsSchema = z.strictObject({ held: shortTextSchema, told: z.array(shortTextSchema).min(1).max(2) });
export type HeldHeads = z.infer<typeof heldHeadsSchema>;

import * as z from "zod";
import { idSchema } from "../ids.ts";
import { keySetSchema } from "./key-set.ts";
import { publicKeySchema, sealingKeySchema, signedTextSchema } from "./signing.ts";

/** How long an enrolment token may be used. */
export const enrolmentMs = 15 * 60_000;

/** `GET /enrol`: who the platform is. The bridge compares the fingerprint before it sends anything. */
export const platformIdentitySchema = z.strictObject({ platformKey: publicKeySchema });

/** What the bridge signs with its new key when it enrols. */
export const enrolRequestSchema = z.strictObject({
  token: z.string().max(200),
  publicKey: publicKeySchema,
  /** The X25519 key that commands' sealed parts are for. The signature binds it to the bridge's identity. */
  sealingKey: sealingKeySchema,
  hostname: z.string().max(255),
  bridgeVersion: z.string().max(64),
  nonce: z.string().max(64),
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;

/** `POST /enrol`: the request and the new key's signature over it. */
export const signedEnrolRequestSchema = signedTextSchema;

/** What the platform signs in answer. `requestHash` is SHA-256 of the request's exact text. */
export const enrolAnswerSchema = z.strictObject({
  requestHash: z.string(),
  serverId: idSchema("server"),
  orgId: idSchema("org"),
  /** The platform's keys: the bridge pins them, and learns of new ones from statements only (PROTOCOL 14). */
  platformKeys: keySetSchema,
  /** Where the bridge connects: a ws:// or wss:// address. */
  relayUrl: z.string().max(2048),
});
export type EnrolAnswer = z.infer<typeof enrolAnswerSchema>;

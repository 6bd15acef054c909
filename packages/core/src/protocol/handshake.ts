import * as z from "zod";
import { idSchema } from "../ids.ts";
import { capabilitiesSchema } from "./capabilities.ts";
import { limits } from "./limits.ts";
import { publicKeySchema, signedTextSchema } from "./signing.ts";
import { versionRangeSchema, versionSchema } from "./version.ts";

const nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 random bytes in base64url");

/** What the platform signs about a relay: this key speaks for it until then (PROTOCOL 2.1). */
export const relayCertificateSchema = z.strictObject({ relayKey: publicKeySchema, expiresAtMs: z.int() });
export type RelayCertificate = z.infer<typeof relayCertificateSchema>;

// Peers do not know each other's version yet, so each ignores what it does not know in these frames (PROTOCOL 1.3).

/** relay → bridge, first frame. */
export const challengeSchema = z.object({
  type: z.literal("challenge"),
  relayNonce: nonce,
  relayTimeMs: z.int(),
  protocolRange: versionRangeSchema,
  relayCertificate: signedTextSchema,
});
export type Challenge = z.infer<typeof challengeSchema>;

/** What the bridge signs in its hello. `challengeHash` is SHA-256 of the challenge frame's exact text (PROTOCOL 2.3). */
export const helloBodySchema = z.object({
  challengeHash: z.string(),
  protocolRange: versionRangeSchema,
  serverId: idSchema("server"),
  /** Made with the journal: another one means that the bridge lost what it knew. */
  sessionId: idSchema("session"),
  bootId: z.string().max(64),
  bridgeNonce: nonce,
  capabilities: capabilitiesSchema,
  /** The newest command that is durably journaled with every one before it. */
  received: z.object({ commands: z.int().min(0) }),
  /** The newest version of the platform's keys that is durable here (PROTOCOL 14.3). */
  keysVersion: z.int().min(1),
});
export type HelloBody = z.infer<typeof helloBodySchema>;

/** bridge → relay, second frame. */
export const helloSchema = z.strictObject({ type: z.literal("hello"), ...signedTextSchema.shape });

/** What the relay signs in its welcome. `helloHash` is SHA-256 of the hello's exact signed text (PROTOCOL 2.4). */
export const welcomeBodySchema = z.object({
  helloHash: z.string(),
  protocol: versionSchema,
  epoch: z.int().min(1),
  /** The newest result that is durably stored with every one before it. */
  received: z.object({ results: z.int().min(0) }),
  credit: z.object({ outputBytes: z.int().min(0), results: z.int().min(0) }),
  heartbeatMs: z.int().min(1000).max(limits.silenceMs),
  spreadMs: z.int().min(0).max(limits.longestSpreadMs),
  relayTimeMs: z.int(),
});
export type WelcomeBody = z.infer<typeof welcomeBodySchema>;

/** relay → bridge, third frame, when it accepts. */
export const welcomeSchema = z.strictObject({ type: z.literal("welcome"), ...signedTextSchema.shape });

/** relay → bridge, third frame, when it does not; the connection is closed after it. */
export const refuseSchema = z.object({
  type: z.literal("refuse"),
  code: z.string().max(64),
  message: z.string().max(2000),
  retryAfterMs: z.int().min(0).max(limits.longestRetryMs).nullable(),
});

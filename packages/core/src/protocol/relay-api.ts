import * as z from "zod";
import { idSchema } from "../ids.ts";
import { capabilitiesSchema } from "./capabilities.ts";
import { commandTextSchema } from "./command.ts";
import { maxKeyStatements } from "./key-set.ts";
import { limits } from "./limits.ts";
import { publicKeySchema, signedTextSchema } from "./signing.ts";

const position = z.int().min(1);

/** What the platform says about its keys and about the relay's (PROTOCOL 14). */
export const trustSchema = z.strictObject({
  /** The newest statements, oldest first. */
  statements: z.array(signedTextSchema).max(maxKeyStatements),
  relayCertificate: signedTextSchema,
});
export type Trust = z.infer<typeof trustSchema>;

/** API → relay: what happened for one server, in one order (PROTOCOL 8.1). */
export const outboxEntrySchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("register"),
    position,
    orgId: idSchema("org"),
    publicKey: publicKeySchema,
    trust: trustSchema.optional(),
  }),
  z.strictObject({ kind: z.literal("trust"), position, ...trustSchema.shape }),
  z.strictObject({ kind: z.literal("command"), position, ...commandTextSchema.shape }),
  /** Cancels a run: dropped if it waits here, else passed on as the signed `task.cancel` that comes along. */
  z.strictObject({ kind: z.literal("cancel"), position, runId: idSchema("run"), ...signedTextSchema.shape }),
  z.strictObject({ kind: z.literal("revoke"), position }),
]);
export type OutboxEntry = z.infer<typeof outboxEntrySchema>;

/** Body of `POST /api/servers/:serverId/outbox`. */
export const outboxBatchSchema = z.strictObject({ entries: z.array(outboxEntrySchema).min(1).max(200) });

/** Its answer: everything up to this position is stored. */
export const outboxAnswerSchema = z.strictObject({ through: z.int().min(0) });

const reportBase = { seq: z.int().min(1), atMs: z.int() };

/** relay → API: what happened on one server's object, in one order (PROTOCOL 8.2). */
export const reportSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    ...reportBase,
    kind: z.literal("online"),
    epoch: z.int().min(1),
    bootId: z.string(),
    capabilities: capabilitiesSchema,
  }),
  /** The bridge took a further version of the platform's keys. */
  z.strictObject({ ...reportBase, kind: z.literal("keysTaken"), version: z.int().min(1) }),
  z.strictObject({ ...reportBase, kind: z.literal("offline"), reason: z.string().max(500) }),
  z.strictObject({ ...reportBase, kind: z.literal("dispatched"), runId: idSchema("run") }),
  /** A bridge's result, as the bridge signed it. */
  z.strictObject({ ...reportBase, kind: z.literal("result"), ...signedTextSchema.shape }),
  /** The run ended here and never reached the bridge, or the bridge no longer knows it. */
  z.strictObject({
    ...reportBase,
    kind: z.literal("ended"),
    runId: idSchema("run"),
    verdict: z.enum(["cancelled", "expired", "indeterminate", "refused"]),
    code: z.string().max(64),
    message: z.string().max(2000),
  }),
  /** The bridge sent more than it may, again and again; until then its connections are refused (PROTOCOL 7.3). */
  z.strictObject({ ...reportBase, kind: z.literal("quarantined"), untilMs: z.int() }),
  /** A bridge was refused in a way that only people can mend. The same again is said once an hour (PROTOCOL 5.5). */
  z.strictObject({
    ...reportBase,
    kind: z.literal("notLetIn"),
    code: z.enum(["UNAUTHENTICATED", "REVOKED", "VERSION_UNSUPPORTED"]),
  }),
  z.strictObject({ ...reportBase, kind: z.literal("duplicateKey"), epoch: z.int().min(1), bootId: z.string() }),
]);
export type Report = z.infer<typeof reportSchema>;

/** Body of `POST /relay/reports` on the API's internal address. */
export const reportBatchSchema = z.strictObject({
  serverId: idSchema("server"),
  reports: z.array(reportSchema).min(1).max(200),
});

const spreadMs = z.int().min(0).max(limits.longestSpreadMs);

/** Its answer: every report up to this number is recorded. `spreadMs`: what a welcome tells the bridge from now on. */
export const reportAnswerSchema = z.strictObject({ through: z.int().min(0), spreadMs: spreadMs.optional() });

/** `GET /api/servers/:serverId/waiting/:runId`: why a run has not started on this server. */
export const waitingAnswerSchema = z.strictObject({
  isOnline: z.boolean(),
  state: z.enum(["unknown", "waiting", "dispatched", "ended"]),
  waiting: z
    .discriminatedUnion("reason", [
      z.strictObject({ reason: z.literal("blocked"), code: z.enum(["DISK_FULL"]) }),
      z.strictObject({ reason: z.literal("turn"), position: z.int() }),
      z.strictObject({ reason: z.literal("order"), behind: idSchema("run") }),
      z.strictObject({ reason: z.literal("capacity"), position: z.int(), message: z.string() }),
      /** It is its turn, and the API is asked for a new signature. */
      z.strictObject({ reason: z.literal("signature") }),
    ])
    .nullable(),
});
export type WaitingAnswer = z.infer<typeof waitingAnswerSchema>;

/**
 * Body of `POST /relay/renewals`: commands whose signature would run out before they are dispatched. The API checks the
 * submitter's rights again and signs each anew, for a further attempt at reaching the bridge (PROTOCOL 8.3).
 */
export const renewalRequestSchema = z.strictObject({
  serverId: idSchema("server"),
  runIds: z.array(idSchema("run")).min(1).max(100),
});

/** Its answer, an entry for each run that was asked for. */
export const renewalAnswerSchema = z.strictObject({
  renewed: z.array(z.strictObject({ runId: idSchema("run"), ...commandTextSchema.shape })),
  refused: z.array(z.strictObject({ runId: idSchema("run"), code: z.string().max(64), message: z.string().max(2000) })),
});
export type RenewalAnswer = z.infer<typeof renewalAnswerSchema>;

/**
 * Body of `POST /api/servers/:serverId/drain`: have the bridge come back, spread over that time (PROTOCOL 5.4), or over what
 * welcomes say. Answered with `{ isConnected }`: whether a bridge was there to be told.
 */
export const drainRequestSchema = z.strictObject({ spreadMs: spreadMs.optional() });

/**
 * Body of `POST /api/servers/:serverId/viewers/revoke`: this user may not watch any more, and had that right until then by
 * the clock of the API, which tickets are dated by too (PROTOCOL 6.7).
 */
export const viewerRevocationSchema = z.strictObject({ userId: idSchema("user"), revokedAtMs: z.int().min(0) });

export type ViewerRevocation = z.infer<typeof viewerRevocationSchema>;

/** Its answer: how many connections were closed. */
export const viewerRevocationAnswerSchema = z.strictObject({ closed: z.int().min(0) });

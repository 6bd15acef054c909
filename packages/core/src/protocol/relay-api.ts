import * as z from "zod";
import { idSchema } from "../ids.ts";
import { heldHeadsSchema, toldHeadSchema } from "./audit-head.ts";
import { capabilitiesSchema } from "./capabilities.ts";
import { quotaChangeSchema } from "../quota/quota-resources.ts";
import { commandTextSchema, priorities } from "./command.ts";
import { maxKeyStatements } from "./key-set.ts";
import { evidenceTextSchema } from "./limit-evidence.ts";
import { limits } from "./limits.ts";
import { runOrderSchema } from "./run-order.ts";
import { resourceNames } from "../quota/resources.ts";
import { publicKeySchema, signedTextSchema } from "./signing.ts";

const position = z.int().min(1);

/** What the platform says about its keys and about the relay's (PROTOCOL 14). */
export const trustSchema = z.strictObject({
  /** The newest statements, oldest first. */
  statements: z.array(signedTextSchema).max(maxKeyStatements),
  relayCertificate: signedTextSchema,
});
export type Trust = z.infer<typeof trustSchema>;

/** A node of the tree of quotas, as far as one server is concerned. What is not in `limits`, or null there, has no limit. */
export const nodeLimitsSchema = z.strictObject({
  id: z.union([idSchema("org"), idSchema("workspace"), idSchema("project")]),
  parentId: z.union([idSchema("org"), idSchema("workspace")]).nullable(),
  limits: quotaChangeSchema,
  /** No more than the scheduler counts with. */
  weight: z.int().min(1).max(1_000_000),
});
export type NodeLimits = z.infer<typeof nodeLimitsSchema>;

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
  z.strictObject({
    kind: z.literal("command"),
    position,
    ...commandTextSchema.shape,
    /** Without it the run follows the earlier ones of its project and nothing else. */
    order: runOrderSchema.optional(),
  }),
  /** Cancels a run: dropped if it waits here, else passed on as the signed `task.cancel` that comes along. */
  z.strictObject({ kind: z.literal("cancel"), position, runId: idSchema("run"), ...signedTextSchema.shape }),
  /** Puts a run that waits here into another band. What does not wait any more stays as it is (PROTOCOL 8.7). */
  z.strictObject({ kind: z.literal("priority"), position, runId: idSchema("run"), priority: z.enum(priorities) }),
  z.strictObject({ kind: z.literal("revoke"), position }),
  /** Whether runs that use the server wait here until it is told otherwise (PROTOCOL 21). */
  z.strictObject({ kind: z.literal("cordon"), position, isCordoned: z.boolean() }),
  /** A user lost a right at this time, by the API's clock: connections end, and tickets from before count for nothing (PROTOCOL 6.7). */
  z.strictObject({ kind: z.literal("revokeViewers"), position, userId: idSchema("user"), atMs: z.int() }),
  /** All nodes that have limits on this server, parents first: its org, the org's workspaces there, their projects. */
  z.strictObject({ kind: z.literal("limits"), position, nodes: z.array(nodeLimitsSchema) }),
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
  /** What a bridge says of the heads of its org's audit, as it signed it (PROTOCOL 15.3). */
  z.strictObject({ ...reportBase, kind: z.literal("heldHeads"), ...heldHeadsSchema.shape }),
  /** What a bridge says of the limits on its machine, as it signed it (PROTOCOL 16.4). */
  z.strictObject({ ...reportBase, kind: z.literal("evidence"), ...evidenceTextSchema.shape }),
  /** A `cordon` was taken: every start from before it was reported before this (PROTOCOL 21.3). */
  z.strictObject({ ...reportBase, kind: z.literal("cordonTaken"), position }),
  z.strictObject({ ...reportBase, kind: z.literal("duplicateKey"), epoch: z.int().min(1), bootId: z.string() }),
]);
export type Report = z.infer<typeof reportSchema>;

/** Body of `POST /relay/reports` on the API's internal address. */
export const reportBatchSchema = z.strictObject({
  serverId: idSchema("server"),
  /** Made with the object's storage: another one says that the storage was lost, and counts anew (PROTOCOL 8.4). */
  stream: z.string().min(1).max(64),
  reports: z.array(reportSchema).min(1).max(200),
});
export type ReportBatch = z.infer<typeof reportBatchSchema>;

const spreadMs = z.int().min(0).max(limits.longestSpreadMs);

/**
 * Its answer: every report up to this number is recorded. `spreadMs`: what a welcome tells the bridge from now on.
 * `isStreamOver`: nothing of the batch was taken, because a later stream was.
 */
export const reportAnswerSchema = z.strictObject({
  through: z.int().min(0),
  spreadMs: spreadMs.optional(),
  isStreamOver: z.boolean().optional(),
});
export type ReportAnswer = z.infer<typeof reportAnswerSchema>;

/**
 * When a waiting run starts if all goes as expected: its position among what starts on this server, and the time that is
 * left, made of how many runs that go on and how many that start before. A position without an estimate is the least that it
 * is; without either it does not start as things are.
 */
const outlook = {
  position: z.int().min(1).nullable(),
  estimate: z
    .strictObject({ startsInMs: z.number().min(0), running: z.int().min(0), ahead: z.int().min(0) })
    .nullable(),
};

/** How much more of the resource is in use than there is, since the limit was lowered or the server offers less. */
const overdraft = z.int().min(1).optional();

/** `GET /api/servers/:serverId/waiting/:runId`: why a run has not started on this server. */
export const waitingAnswerSchema = z.strictObject({
  isOnline: z.boolean(),
  state: z.enum(["unknown", "waiting", "dispatched", "ended"]),
  waiting: z
    .discriminatedUnion("reason", [
      z.strictObject({ reason: z.literal("blocked"), code: z.enum(["DISK_FULL"]) }),
      /** Nothing that uses the server starts there at present. */
      z.strictObject({ reason: z.literal("cordoned") }),
      z.strictObject({ reason: z.literal("turn"), ...outlook }),
      z.strictObject({ reason: z.literal("order"), behind: idSchema("run"), ...outlook }),
      z.strictObject({ reason: z.literal("dependency"), on: z.array(idSchema("run")), ...outlook }),
      z.strictObject({
        reason: z.literal("limit"),
        nodeId: z.string().max(64),
        resource: z.enum(resourceNames),
        overdraft,
        ...outlook,
      }),
      z.strictObject({ reason: z.literal("capacity"), resource: z.enum(resourceNames), overdraft, ...outlook }),
      /** Room is kept for a larger run that was passed for too long. */
      z.strictObject({ reason: z.literal("roomKept"), for: idSchema("run"), ...outlook }),
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
 * welcomes say.
 */
export const drainRequestSchema = z.strictObject({ spreadMs: spreadMs.optional() });

/** Its answer: whether a bridge was there to be told. */
export const drainAnswerSchema = z.strictObject({ isConnected: z.boolean() });

/** Body of `POST /api/servers/:serverId/audit-head`: pass it on to the bridge, if one is there (PROTOCOL 15.2). */
export const auditHeadRequestSchema = z.strictObject({ head: toldHeadSchema });

/** Its answer: whether it went to a bridge. */
export const auditHeadAnswerSchema = z.strictObject({ isTold: z.boolean() });

import { idSchema } from "@quarterdeck/core/ids";
import { contentKeySchema } from "@quarterdeck/core/protocol/content-sealing";
import { inputKeySchema } from "@quarterdeck/core/protocol/input-sealing";
import { capabilitiesSchema } from "@quarterdeck/core/protocol/capabilities";
import { admissions } from "./admission.ts";
import { limitAlertSchema, serverLimitsViewSchema } from "../limits/views.ts";
import * as z from "zod";

export const serverStatuses = ["online", "offline", "new"] as const;
export type ServerStatus = (typeof serverStatuses)[number];

/** Why a server's bridge was not let in, that two bridges use its key (PROTOCOL 5.5), or that commands contradict each other (4.2). */
export const connectionAlertSchema = z.strictObject({
  code: z.enum(["UNAUTHENTICATED", "REVOKED", "VERSION_UNSUPPORTED", "SUPERSEDED", "COMMAND_CONFLICT"]),
  atMs: z.int(),
});
export type ConnectionAlert = z.infer<typeof connectionAlertSchema>;

/** Which entry, and when it was found. */
export const auditAlertSchema = z.strictObject({ seq: z.int(), atMs: z.int() });

export const serverViewSchema = z.strictObject({
  serverId: idSchema("server"),
  name: z.string(),
  isThisMachine: z.boolean(),
  /** `new`: it enrolled and has not connected yet. */
  status: z.enum(serverStatuses),
  statusSinceMs: z.int(),
  /** Until when the relay refuses its bridge, which sent more than it may; null when it does not. */
  quarantinedUntilMs: z.int().nullable(),
  connectionAlert: connectionAlertSchema.nullable(),
  /** The bridge was told of an entry of the audit that is not there, or is another one now, and nobody said yet that it was seen (PROTOCOL 15.4). */
  auditAlert: auditAlertSchema.nullable(),
  /** Its kernel holds something otherwise than it was asked to, and nobody said yet that it was seen (PROTOCOL 16.6). */
  limitAlert: limitAlertSchema.nullable(),
  /** What its bridge said last of what it can limit; null where it said nothing. */
  limits: serverLimitsViewSchema.nullable(),
  /** It was removed: its bridge is not let in and what it signs counts for nothing. */
  isRevoked: z.boolean(),
  /** It missed so many changes of the platform's keys that it can connect no more: it must be connected anew. */
  hasLostKeys: z.boolean(),
  /** Without the relay nobody knows whether the server is online: `status` is then what it was last. */
  isRelayReachable: z.boolean(),
  capabilities: capabilitiesSchema.nullable(),
  keyFingerprint: z.string(),
  labels: z.array(z.string()),
  /** Whether runs may start there; `draining` until nothing runs any more. */
  admission: z.enum(admissions),
  /** While it is draining: how many runs have to end first. */
  openRuns: z.int(),
  waitingRuns: z.int(),
  createdAtMs: z.int(),
});
export type ServerView = z.infer<typeof serverViewSchema>;

export const newEnrolmentViewSchema = z.strictObject({
  enrolmentId: idSchema("enrolment"),
  /** What root runs on the server to install a service; null where this platform offers no package. It holds the token, which is shown this once. */
  installCommand: z.string().nullable(),
  /** The same in the foreground, as any user. */
  command: z.string(),
  expiresAtMs: z.int(),
  platformFingerprint: z.string(),
});
export type NewEnrolmentView = z.infer<typeof newEnrolmentViewSchema>;

export const enrolmentViewSchema = z.strictObject({
  state: z.enum(["waiting", "used", "expired", "revoked"]),
  serverId: idSchema("server").nullable(),
  expiresAtMs: z.int(),
});
export type EnrolmentView = z.infer<typeof enrolmentViewSchema>;

/** A token, without itself. */
export const listedEnrolmentViewSchema = enrolmentViewSchema.extend({
  enrolmentId: idSchema("enrolment"),
  /** The e-mail address of who made it; null for the platform's own machine. */
  createdBy: z.string().nullable(),
  serverName: z.string().nullable(),
  createdAtMs: z.int(),
});
export type ListedEnrolmentView = z.infer<typeof listedEnrolmentViewSchema>;

export const viewerTicketViewSchema = z.strictObject({
  /** Where to open the WebSocket, on this address; the ticket goes into the query as `ticket`. */
  path: z.string(),
  ticket: z.string(),
  expiresAtMs: z.int(),
  connectionExpiresAtMs: z.int(),
  /** What opens the output of the runs that were asked for. */
  contentKeys: z.array(z.strictObject({ runId: idSchema("run"), keys: z.array(contentKeySchema) })),
  /** What seals what is typed into the runs of `inputRunIds`, with `sealInput` of core. */
  inputKeys: z.array(z.strictObject({ runId: idSchema("run"), keys: z.array(inputKeySchema) })),
});
export type ViewerTicketView = z.infer<typeof viewerTicketViewSchema>;

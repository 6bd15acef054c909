import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";

/** Where the update of one server stands. */
export const updateStates = [
  "waiting", // for its turn
  "sent", // its command is on the way, or is being carried out
  "settling", // the new version runs and is watched for a while
  "updated",
  "failed", // the version before runs on
  "skipped", // nothing was sent to it
] as const;
export type UpdateState = (typeof updateStates)[number];

export const rolloutStates = ["running", "completed", "stopped"] as const;
export type RolloutState = (typeof rolloutStates)[number];

const updateViewSchema = z.strictObject({
  serverId: idSchema("server"),
  rolloutId: idSchema("rollout"),
  state: z.enum(updateStates),
  fromVersion: z.string(),
  version: z.string(),
  message: z.string().nullable(),
  changedAtMs: z.int(),
});
export type UpdateView = z.infer<typeof updateViewSchema>;

const rolloutViewSchema = z.strictObject({
  rolloutId: idSchema("rollout"),
  version: z.string(),
  state: z.enum(rolloutStates),
  /** Why it was stopped. */
  reason: z.string().nullable(),
  startedAtMs: z.int(),
  endedAtMs: z.int().nullable(),
  updates: z.array(updateViewSchema),
});
export type RolloutView = z.infer<typeof rolloutViewSchema>;

const bridgeVersionViewSchema = z.strictObject({
  serverId: idSchema("server"),
  /** Null: it has never been connected. */
  version: z.string().nullable(),
  isOutdated: z.boolean(),
  /** It can replace itself; else its owner installs the newer one by hand. */
  updatesItself: z.boolean(),
  /** What the offered version can do and this one cannot. */
  brings: z.strictObject({ actions: z.array(z.string()), features: z.array(z.string()) }),
  /** The newest update of it, if there was one. */
  update: updateViewSchema.nullable(),
});

export const updatesViewSchema = z.strictObject({
  /** The version that this platform offers. */
  offeredVersion: z.string().nullable(),
  /** Puts that version on a server by hand, over the one that is there. */
  manualCommand: z.string().nullable(),
  servers: z.array(bridgeVersionViewSchema),
  /** The newest rollout to more than one server. */
  rollout: rolloutViewSchema.nullable(),
});
export type UpdatesView = z.infer<typeof updatesViewSchema>;

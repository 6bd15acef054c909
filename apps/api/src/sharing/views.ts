import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { serverStatuses } from "../servers/views.ts";

/** `ended`: it was withdrawn, and the same guest has another share of the server by now. */
export const shareStates = ["offered", "accepted", "withdrawn", "ended"] as const;
export type ShareState = (typeof shareStates)[number];

export const sliceResources = ["cpu", "memory", "disk", "bandwidth", "io", "runs"] as const;

/** What a guest may use of a server at most; what is not named has no limit of its own. */
export const sliceLimitsSchema = z.partialRecord(z.enum(sliceResources), z.int().min(1));
export type SliceLimits = z.infer<typeof sliceLimitsSchema>;

/** What the scheduler counts with at most. */
export const sliceWeightSchema = z.int().min(1).max(1_000_000);

const slice = { limits: sliceLimitsSchema, weight: sliceWeightSchema };

/** What the host sees: how much of its server a slice uses, and nothing of what is in it. */
export const givenShareViewSchema = z.strictObject({
  shareId: idSchema("share"),
  serverId: idSchema("server"),
  label: z.string(),
  state: z.enum(shareStates),
  ...slice,
  guestOrgName: z.string().nullable(),
  createdAtMs: z.int(),
  /** Until when the offer can be accepted. */
  expiresAtMs: z.int(),
  acceptedAtMs: z.int().nullable(),
  withdrawnAtMs: z.int().nullable(),
  usage: z.strictObject({
    /** Runs that wait, and those that go on and what they reserve. */
    waitingRuns: z.int(),
    runs: z.int(),
    cpu: z.int(),
    memory: z.int(),
  }),
});
export type GivenShareView = z.infer<typeof givenShareViewSchema>;

/** The code is shown this once. */
export const newShareViewSchema = givenShareViewSchema.extend({ code: z.string() });
export type NewShareView = z.infer<typeof newShareViewSchema>;

/** What somebody who has the code may know before they accept. */
export const shareOfferViewSchema = z.strictObject({
  hostOrgName: z.string(),
  label: z.string(),
  ...slice,
  expiresAtMs: z.int(),
});
export type ShareOfferView = z.infer<typeof shareOfferViewSchema>;

/** What the guest sees: its slice, and nothing of the machine or of others on it. */
export const receivedShareViewSchema = z.strictObject({
  shareId: idSchema("share"),
  serverId: idSchema("server"),
  hostOrgName: z.string(),
  /** What the guest calls it. */
  name: z.string(),
  state: z.enum(["accepted", "withdrawn"]),
  status: z.enum(serverStatuses),
  isUsable: z.boolean(),
  ...slice,
  acceptedAtMs: z.int(),
  withdrawnAtMs: z.int().nullable(),
});
export type ReceivedShareView = z.infer<typeof receivedShareViewSchema>;

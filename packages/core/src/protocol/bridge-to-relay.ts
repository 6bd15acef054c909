import * as z from "zod";
import { idSchema } from "../ids.ts";
import { heldHeadsSchema } from "./audit-head.ts";
import { compactReadingsSchema } from "./compact-readings.ts";
import { sealedContentSchema } from "./content-format.ts";
import { helloSchema } from "./handshake.ts";
import { evidenceTextSchema } from "./limit-evidence.ts";
import { limits } from "./limits.ts";
import { inputStateSchema } from "./run-input.ts";
import { signedTextSchema } from "./signing.ts";
import { telemetryGapSchema } from "./telemetry.ts";

const epoch = z.int().min(1);
const seq = z.int().min(1);

/** A piece of a run's output. Offsets count bytes from the run's start, so pieces may repeat and never mix up. */
export const outputSchema = z.strictObject({
  type: z.literal("output"),
  epoch,
  runId: idSchema("run"),
  offset: z.int().min(0),
  /** Sealed: the relay sees how long it is and nothing else (PROTOCOL 10.5). */
  data: sealedContentSchema(limits.outputChunkBytes),
  /** The run has ended and this piece reaches the end of its output. */
  isEnd: z.boolean(),
});

/** Everything a bridge may send (PROTOCOL 3). */
export const bridgeToRelaySchema = z.discriminatedUnion("type", [
  helloSchema,
  z.strictObject({ type: z.literal("ack"), epoch, stream: z.literal("commands"), through: z.int().min(0) }),
  z.strictObject({
    type: z.literal("results"),
    epoch,
    items: z
      .array(z.strictObject({ seq, ...signedTextSchema.shape }))
      .min(1)
      .max(limits.resultsInFlight),
  }),
  /** The bridge has this version of the platform's keys durably. */
  z.strictObject({ type: z.literal("keysTaken"), epoch, version: z.int().min(1) }),
  z.strictObject({ type: z.literal("telemetry"), epoch, readings: compactReadingsSchema.min(1) }),
  /** Readings from the bridge's spool, in their order; it keeps them until the relay has stored them (PROTOCOL 11). */
  z.strictObject({
    type: z.literal("history"),
    epoch,
    /** The number of the newest record in it. */
    through: z.int().min(1),
    readings: compactReadingsSchema,
    gaps: z.array(telemetryGapSchema).max(limits.historyGapsPerFrame),
  }),
  /** Whether it takes new commands now, where that changed since its hello (PROTOCOL 12). */
  z.strictObject({ type: z.literal("condition"), epoch, blocked: z.enum(["DISK_FULL"]).nullable() }),
  outputSchema,
  /** The bridge has no output of that run (any more): it was cleaned up, or the run never started here. */
  z.strictObject({
    type: z.literal("gap"),
    epoch,
    stream: z.literal("output"),
    runId: idSchema("run"),
    fromOffset: z.int().min(0),
    toOffset: z.int().min(0).nullable(),
    reason: z.string().max(500),
  }),
  /** The heads of the org's audit that it holds (PROTOCOL 15.3). */
  z.strictObject({ type: z.literal("heldHeads"), epoch, ...heldHeadsSchema.shape }),
  /** What the kernel holds workspaces, projects and runs to (PROTOCOL 16.4). */
  z.strictObject({ type: z.literal("evidence"), epoch, ...evidenceTextSchema.shape }),
  z.strictObject({ ...inputStateSchema.shape, epoch }),
]);

export type BridgeToRelay = z.infer<typeof bridgeToRelaySchema>;

import * as z from "zod";
import { idSchema } from "../ids.ts";
import { helloSchema } from "./handshake.ts";
import { limits } from "./limits.ts";
import { signedTextSchema } from "./signing.ts";
import { sampleSchema } from "./telemetry.ts";

const epoch = z.int().min(1);
const seq = z.int().min(1);

/** A piece of a run's output. Offsets count bytes from the run's start, so pieces may repeat and never mix up. */
export const outputSchema = z.strictObject({
  type: z.literal("output"),
  epoch,
  runId: idSchema("run"),
  offset: z.int().min(0),
  /** Base64. */
  data: z.base64().max(Math.ceil(limits.outputChunkBytes / 3) * 4),
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
  z.strictObject({ type: z.literal("telemetry"), epoch, samples: z.array(sampleSchema).min(1).max(120) }),
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
]);

export type BridgeToRelay = z.infer<typeof bridgeToRelaySchema>;

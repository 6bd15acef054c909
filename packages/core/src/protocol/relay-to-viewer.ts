import * as z from "zod";
import { idSchema } from "../ids.ts";
import { compactReadingsSchema } from "./compact-readings.ts";
import { limits } from "./limits.ts";
import { inputStateSchema } from "./run-input.ts";
import { telemetryGapSchema } from "./telemetry.ts";

/** A frame to a viewer, alone or in a batch. */
const viewerFrameSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("authorized"), topics: z.array(z.string()), expiresAtMs: z.int() }),
  z.strictObject({ type: z.literal("server"), isOnline: z.boolean(), sinceMs: z.int() }),
  z.strictObject({ type: z.literal("telemetry"), readings: compactReadingsSchema }),
  /** Readings from before, and times whose readings are lost. They may repeat what the viewer has. */
  z.strictObject({ type: z.literal("history"), readings: compactReadingsSchema, gaps: z.array(telemetryGapSchema) }),
  z.strictObject({
    type: z.literal("output"),
    runId: idSchema("run"),
    offset: z.int().min(0),
    /** Sealed, as the bridge sent it (PROTOCOL 10.5). */
    data: z.base64(),
    isEnd: z.boolean(),
  }),
  z.strictObject({
    type: z.literal("gap"),
    stream: z.literal("output"),
    runId: idSchema("run"),
    fromOffset: z.int().min(0),
    toOffset: z.int().min(0).nullable(),
    reason: z.string(),
  }),
  /** Answered with `reached` once everything before it was read. Only for a page that knows it (PROTOCOL 6.8). */
  z.strictObject({ type: z.literal("checkpoint"), number: z.int().min(1) }),
  /** Only for a page with a ticket to type into the run, which knows it. */
  inputStateSchema,
  z.strictObject({ type: z.literal("error"), code: z.string(), message: z.string() }),
]);

export type ViewerFrame = z.infer<typeof viewerFrameSchema>;

/** Everything a relay may send to a viewer (PROTOCOL 6). */
export const relayToViewerSchema = z.discriminatedUnion("type", [
  ...viewerFrameSchema.options,
  /** Frames that came within a moment, in their order. */
  z.strictObject({
    type: z.literal("batch"),
    frames: z.array(viewerFrameSchema).min(1).max(limits.batchFrames),
  }),
]);
export type RelayToViewer = z.infer<typeof relayToViewerSchema>;

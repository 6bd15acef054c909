import * as z from "zod";
import { idSchema } from "../ids.ts";
import { limits } from "./limits.ts";
import { runInputSchema } from "./run-input.ts";

/** Everything a viewer may send (PROTOCOL 6). */
export const viewerToRelaySchema = z.discriminatedUnion("type", [
  /** A further ticket for the same server and user: adds its topics, and the connection lives as long as it says. */
  z.strictObject({ type: z.literal("authorize"), ticket: z.string().max(8192) }),
  /** Readings from now on, and first those of the last `historyMs`. May be said again for more of the past. */
  z.strictObject({
    type: z.literal("watchTelemetry"),
    historyMs: z.int().min(0).max(limits.telemetryHistoryMs).optional(),
  }),
  z.strictObject({ type: z.literal("unwatchTelemetry") }),
  z.strictObject({ type: z.literal("watchOutput"), runId: idSchema("run"), fromOffset: z.int().min(0) }),
  z.strictObject({ type: z.literal("unwatchOutput"), runId: idSchema("run") }),
  /** Everything before the mark of that number was read. */
  z.strictObject({ type: z.literal("reached"), number: z.int().min(1) }),
  /** Every byte of the run's output before `offset` arrived. */
  z.strictObject({ type: z.literal("ackOutput"), runId: idSchema("run"), offset: z.int().min(0) }),
  runInputSchema,
]);

export type ViewerToRelay = z.infer<typeof viewerToRelaySchema>;

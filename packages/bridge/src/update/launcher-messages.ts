import { idSchema } from "@quarterdeck/core/ids";
import { bridgeVersionSchema } from "@quarterdeck/core/protocol/release";
import * as z from "zod";

// What a bridge and its launcher tell each other. The launcher may be older or newer than the bridge that it starts, so a
// message only ever gains fields that the other side may ignore, and unknown messages are ignored.

/** Set for a bridge that a launcher started. */
export const launcherVariable = "QUARTERDECK_LAUNCHER";

export const toLauncherSchema = z.discriminatedUnion("type", [
  /** Start that version from now on; it is unpacked. The bridge ends when it hears `switched`. */
  z.object({
    type: z.literal("switch"),
    version: bridgeVersionSchema,
    manifestHash: z.string(),
    runId: idSchema("run"),
  }),
  /** How far it has come, for the reason if it comes no further. */
  z.object({ type: z.literal("progress"), text: z.string() }),
  /** The journal is open and a relay has welcomed it. */
  z.object({ type: z.literal("healthy") }),
]);
export type ToLauncher = z.infer<typeof toLauncherSchema>;

export const toBridgeSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("switched") }),
  z.object({ type: z.literal("notSwitched"), reason: z.string() }),
  /** The version is the one to run from now on. */
  z.object({ type: z.literal("confirmed") }),
]);
export type ToBridge = z.infer<typeof toBridgeSchema>;

import * as z from "zod";
import { idSchema } from "../ids.ts";
import { toldHeadSchema } from "./audit-head.ts";
import { commandTextSchema } from "./command.ts";
import { challengeSchema, refuseSchema, welcomeSchema } from "./handshake.ts";
import { maxKeyStatements } from "./key-set.ts";
import { limits } from "./limits.ts";
import { runInputSchema } from "./run-input.ts";
import { signedTextSchema } from "./signing.ts";

/** Everything a relay may send to a bridge (PROTOCOL 3). */
export const relayToBridgeSchema = z.discriminatedUnion("type", [
  challengeSchema,
  welcomeSchema,
  refuseSchema,
  z.strictObject({
    type: z.literal("commands"),
    items: z
      .array(z.strictObject({ seq: z.int().min(1), ...commandTextSchema.shape }))
      .min(1)
      .max(limits.commandsInFlight),
  }),
  z.strictObject({ type: z.literal("ack"), stream: z.literal("results"), through: z.int().min(0) }),
  /** Everything of the bridge's spool up to this number is stored, or too old to be kept. */
  z.strictObject({ type: z.literal("historyStored"), through: z.int().min(1) }),
  /**
   * What somebody watches now; it replaces what was said before. `fromOffset`: send the run's output again from there;
   * `null`: go on where you are.
   */
  z.strictObject({
    type: z.literal("interest"),
    telemetry: z.boolean(),
    runs: z.array(z.strictObject({ runId: idSchema("run"), fromOffset: z.int().min(0).nullable() })).max(1024),
  }),
  z.strictObject({ type: z.literal("credit"), stream: z.literal("output"), bytes: z.int().min(1) }),
  runInputSchema,
  /** What the platform says about its keys and the bridge did not have at its hello (PROTOCOL 14.3). */
  z.strictObject({ type: z.literal("keys"), statements: z.array(signedTextSchema).min(1).max(maxKeyStatements) }),
  /** How far the org's audit goes (PROTOCOL 15). */
  z.strictObject({ type: z.literal("auditHead"), ...toldHeadSchema.shape }),
  /** The relay is about to be replaced: come back, spread over that time, once what is being written is written. */
  z.strictObject({ type: z.literal("drain"), spreadMs: z.int().min(0).max(limits.longestSpreadMs) }),
  z.strictObject({ type: z.literal("error"), code: z.string().max(64), message: z.string().max(2000) }),
]);

export type RelayToBridge = z.infer<typeof relayToBridgeSchema>;

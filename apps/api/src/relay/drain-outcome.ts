import * as z from "zod";

/** What became of asking every bridge to leave. */
export const drainOutcomeSchema = z.strictObject({
  told: z.int(),
  /** Had no connection. */
  offline: z.int(),
  failed: z.array(z.strictObject({ serverId: z.string(), name: z.string(), reason: z.string() })),
  /** Within which they leave, and come back. */
  spreadMs: z.int(),
});
export type DrainOutcome = z.infer<typeof drainOutcomeSchema>;

import * as z from "zod";
import { idSchema } from "../ids.ts";

/** How many others a run may follow. */
export const mostPredecessors = 20;

/** What decides besides its turn when a run may start (PROTOCOL 8.6). It is the relay's to know; the bridge is not told. */
export const runOrderSchema = z.strictObject({
  /** Runs on the same server that must have succeeded before. */
  after: z.array(idSchema("run")).max(mostPredecessors),
  /** Whether it may run beside other runs of its project. */
  isParallel: z.boolean(),
});
export type RunOrder = z.infer<typeof runOrderSchema>;

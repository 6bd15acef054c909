import { planNames } from "@quarterdeck/core/quota/request-tiers";
import * as z from "zod";

const standingSchema = z.strictObject({ used: z.int(), remaining: z.int() });

export const ratesViewSchema = z.strictObject({
  plan: z.enum(planNames),
  perMinute: z.int(),
  /** Of the caller, and of all of the org together: requests that have not come back yet. */
  user: standingSchema,
  org: standingSchema,
  connections: z.strictObject({ open: z.int(), most: z.int() }),
  /** Of the org, requests and connections. */
  refusedInLastHour: z.int(),
  plans: z.array(z.strictObject({ name: z.enum(planNames), perMinute: z.int(), connections: z.int() })),
});
export type RatesView = z.infer<typeof ratesViewSchema>;

import * as z from "zod";
import { coreMillicores, gibibyte, mebibyte } from "../units.ts";

/** The plans that an org can be on, from the smallest. */
export const planNames = ["basic", "premium", "enterprise"] as const;
export type PlanName = (typeof planNames)[number];

/** What a plan allows to the requests of an org. Quarterdeck itself uses the requests and connections only. */
const requestTierSchema = z.strictObject({
  /** Millicores. */
  cpu: z.int().min(1),
  /** Bytes. */
  memory: z.int().min(1),
  requestsPerMinute: z.int().min(1).max(60_000_000),
  /** Consoles and viewers at once. */
  openConnections: z.int().min(1).max(1_000_000),
});

/** The tier of each plan. Data of the operator. */
export const requestTiersSchema = z.strictObject({
  basic: requestTierSchema,
  premium: requestTierSchema,
  enterprise: requestTierSchema,
});
export type RequestTiers = z.infer<typeof requestTiersSchema>;

/** What is there before an operator changes it. */
export const defaultRequestTiers: RequestTiers = {
  basic: { cpu: coreMillicores, memory: 512 * mebibyte, requestsPerMinute: 100, openConnections: 50 },
  premium: { cpu: 2 * coreMillicores, memory: gibibyte, requestsPerMinute: 500, openConnections: 250 },
  enterprise: { cpu: 4 * coreMillicores, memory: 4 * gibibyte, requestsPerMinute: 2000, openConnections: 1000 },
};

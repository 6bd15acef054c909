import * as z from "zod";

/** The most rules that a bridge reports one by one. */
export const maxReportedRules = 100;

/** What a bridge says of the policy file of its server's owner (PROTOCOL 18): to be shown, never to be changed from here. */
export const policyReportSchema = z.object({
  /**
   * `none`: there is no file; `outdated`: it is broken, and the last good one is in force; `unreadable`: it is broken, and
   * everything is refused.
   */
  state: z.enum(["none", "inForce", "outdated", "unreadable"]),
  path: z.string().max(1000),
  /** SHA-256 of the text that is in force. */
  hash: z.string().max(64).nullable(),
  /** What is wrong with the file as it is now. */
  problem: z.string().max(1000).nullable(),
  rules: z
    .array(z.object({ line: z.int().min(1), setting: z.string().max(100), value: z.string().max(200) }))
    .max(maxReportedRules),
  rulesLeftOut: z.int().min(0),
});
export type PolicyReport = z.infer<typeof policyReportSchema>;

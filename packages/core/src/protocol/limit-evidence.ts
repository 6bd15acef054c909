import * as z from "zod";
import { idSchema } from "../ids.ts";
import { limitedResources } from "../quota/kernel-limits.ts";

/**
 * One limit as wanted and as the kernel says. `measured`: the kernel does not enforce it, use is measured and new runs are
 * blocked.
 */
export const limitEvidenceSchema = z.strictObject({
  node: z.union([idSchema("workspace"), idSchema("project"), idSchema("run")]),
  resource: z.enum(limitedResources),
  wanted: z.int().min(0).nullable(),
  actual: z.int().min(0).nullable(),
  state: z.enum(["enforced", "mismatch", "measured", "unsupported"]),
  /** Which file or tool was read. */
  source: z.string().max(200),
  atMs: z.int(),
});
export type LimitEvidence = z.infer<typeof limitEvidenceSchema>;

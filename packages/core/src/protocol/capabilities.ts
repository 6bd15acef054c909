import * as z from "zod";
import { resourcesSchema } from "../quota/resources.ts";
import { policyReportSchema } from "./policy-report.ts";

/**
 * What a bridge says it can do, at each connection. Fields that a newer bridge adds are ignored, and what an older one does
 * not say it cannot do (PROTOCOL 1.3).
 */
export const capabilitiesSchema = z.object({
  bridgeVersion: z.string().max(64),
  actions: z.array(z.string().max(64)).max(200),
  /** Names of `bridgeFeatures`; a bridge from before them says nothing. */
  features: z.array(z.string().max(64)).max(200).optional(),
  programs: z.array(z.string().max(255)).max(500),
  driver: z.enum(["process"]),
  /** `hidden`: runs cannot see the bridge's own files; `consented`: they can, and the owner agreed; `missing`: runs are refused. */
  isolation: z.enum(["hidden", "consented", "missing"]),
  capacity: resourcesSchema,
  /** Why it takes no new commands at the moment. What runs goes on. */
  blocked: z.enum(["DISK_FULL"]).optional(),
  /** What the server's owner forbids there; a bridge from before it says nothing. */
  policy: policyReportSchema.optional(),
  host: z.object({
    hostname: z.string().max(255),
    os: z.string().max(200),
    arch: z.string().max(32),
    kernel: z.string().max(200),
  }),
});

export type Capabilities = z.infer<typeof capabilitiesSchema>;

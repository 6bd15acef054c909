import * as z from "zod";
import { resourcesSchema } from "../quota/resources.ts";
import { policyReportSchema } from "./policy-report.ts";

/** What the sandbox of a bridge does on its machine beyond hiding files. */
export const sandboxFactsSchema = z.object({
  /** Why isolation is not `hidden`. */
  reason: z.string().max(1000).nullable(),
  /** Whether each workspace has a system user of its own. */
  workspaceUsers: z.boolean(),
  /** Which network a run has that may reach everything: one of its workspace's own, or the machine's. */
  network: z.enum(["own", "shared"]),
  /** Why not `own`. */
  networkReason: z.string().max(500).nullable(),
});
export type SandboxFacts = z.infer<typeof sandboxFactsSchema>;

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
  driver: z.enum(["systemd", "cgroup", "process"]),
  /** Why this one, for people; a bridge from before it says nothing. */
  driverReason: z.string().max(500).optional(),
  /** Which resources the driver limits on this machine (`limitedResources`); a bridge from before limits says nothing. */
  limited: z.array(z.string().max(32)).max(20).optional(),
  /** `hidden`: runs cannot see the bridge's own files; `consented`: they can, and the owner agreed; `missing`: runs are refused. */
  isolation: z.enum(["hidden", "consented", "missing"]),
  /** A bridge from before it says nothing. */
  sandbox: sandboxFactsSchema.optional(),
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

import * as z from "zod";
import { effects } from "../actions/catalogue.ts";
import { idSchema } from "../ids.ts";
import { kernelLimitsSchema } from "../quota/kernel-limits.ts";
import { projectProgramsSchema } from "../programs/project-programs.ts";
import { resourcesSchema } from "../quota/resources.ts";
import { limits } from "./limits.ts";
import { signedTextSchema } from "./signing.ts";

export const priorities = ["urgent", "high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

/**
 * What the platform signs (PROTOCOL 4.1). A command is bound to one server, one bridge key and one attempt; a field that
 * a bridge does not know makes it refuse.
 */
export const commandSchema = z.strictObject({
  v: z.literal(1),
  commandId: idSchema("command"),
  runId: idSchema("run"),
  taskId: idSchema("task"),
  orgId: idSchema("org"),
  workspaceId: idSchema("workspace").nullable(),
  projectId: idSchema("project").nullable(),
  serverId: idSchema("server"),
  bridgeKeyFingerprint: z.string(),
  action: z.string().max(64),
  effect: z.enum(effects),
  params: z.record(z.string(), z.json()),
  demand: resourcesSchema,
  limits: z.strictObject({ timeoutMs: z.int().min(1), outputBytes: z.int().min(0) }),
  /** What the kernel shall hold the workspace and the project to (PROTOCOL 16). Null for what works on the bridge itself. */
  quota: z.strictObject({ workspace: kernelLimitsSchema, project: kernelLimitsSchema.nullable() }).nullable(),
  /** What the run may reach. The hosts are those of `allowList`. */
  network: z.strictObject({
    mode: z.enum(["none", "allowList", "all"]),
    hosts: z.array(z.string().max(255)).max(100),
  }),
  /** Missing: none are added, and no install scripts run. */
  programs: projectProgramsSchema.optional(),
  /** Whether it may run on, up to its time-out, while its server has no connection. Missing: it may (PROTOCOL 20). */
  detached: z.literal(false).optional(),
  priority: z.enum(priorities),
  notBeforeMs: z.int().min(0),
  expiresAtMs: z.int().min(0),
  attempt: z.int().min(1),
  /** SHA-256 of the sealed part's text (PROTOCOL 10.2). What works on the bridge itself has none. */
  sealedHash: z.string().max(64).nullable(),
});

export type Command = z.infer<typeof commandSchema>;

/** What a run may reach unless its project says otherwise. */
export const anyNetwork: Command["network"] = { mode: "all", hosts: [] };

/** A command as it travels: the text that was signed, and the part that only its bridge can open. */
export const commandTextSchema = z.strictObject({
  ...signedTextSchema.shape,
  sealed: z
    .string()
    .max(limits.sealedPartLength)
    .regex(/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$/, "must be a sealed part")
    .nullable(),
});
export type CommandText = z.infer<typeof commandTextSchema>;

/** About how many bytes a command takes on its way (PROTOCOL 4.8): both parts are ASCII but for what its parameters bring. */
export function commandTextLength({ signed, sealed }: Pick<CommandText, "signed" | "sealed">): number {
  return signed.length + (sealed?.length ?? 0);
}

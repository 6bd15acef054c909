import { actions } from "@quarterdeck/core/actions/catalogue";
import { mostNetworkHosts, networkHostSchema } from "@quarterdeck/core/actions/network-host";
import { idSchema } from "@quarterdeck/core/ids";
import { contentKeySchema } from "@quarterdeck/core/protocol/content-sealing";
import { projectProgramsSchema } from "@quarterdeck/core/programs/project-programs";
import { repositoryStateSchema } from "@quarterdeck/core/protocol/result";
import { lifecycleStates } from "@quarterdeck/core/quota/lifecycle";
import * as z from "zod";

export const projectStates = ["cloning", "ready", "cloneFailed"] as const;
export type ProjectState = (typeof projectStates)[number];

/** What "Run tests" runs: parameters of the action `exec`. */
export const testCommandSchema = actions.exec.params;
export type TestCommand = z.infer<typeof testCommandSchema>;

/** What a project's runs may reach: nothing, the hosts that are named, or everything that the server's owner allows. */
export const projectNetworkSchema = z.strictObject({
  mode: z.enum(["none", "allowList", "all"]),
  /** Those of `allowList`; kept while another mode is chosen. */
  hosts: z
    .array(networkHostSchema)
    .max(mostNetworkHosts)
    .refine((hosts) => new Set(hosts).size === hosts.length, "must name each host once"),
});
export type ProjectNetwork = z.infer<typeof projectNetworkSchema>;

export const defaultTestCommand: TestCommand = { program: "npm", args: ["install-test"] };

/** What the platform keeps of a repository: its state after a run, which sealed what it says of the commit. */
const storedRepositorySchema = repositoryStateSchema.extend({ runId: idSchema("run") });
export type StoredRepository = z.infer<typeof storedRepositorySchema>;

/** With what opens what it says of the commit. */
const repositoryViewSchema = storedRepositorySchema.extend({ contentKeys: z.array(contentKeySchema) });

export const projectViewSchema = z.strictObject({
  projectId: idSchema("project"),
  workspaceId: idSchema("workspace"),
  workspaceName: z.string(),
  serverId: idSchema("server"),
  name: z.string(),
  url: z.string(),
  branch: z.string().nullable(),
  repository: repositoryViewSchema.nullable(),
  state: z.enum(projectStates),
  /** The newest task that clones it. */
  cloneRunTaskId: idSchema("task"),
  /** Why cloning failed. */
  cloneMessage: z.string().nullable(),
  testCommand: testCommandSchema,
  network: projectNetworkSchema,
  lifecycle: z.enum(lifecycleStates),
  programs: projectProgramsSchema,
  createdAtMs: z.int(),
});
export type ProjectView = z.infer<typeof projectViewSchema>;

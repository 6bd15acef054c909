import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { gitUrlHost } from "@quarterdeck/core/actions/git-url";
import type { OrgId, ProjectId } from "@quarterdeck/core/ids";
import { anyNetwork, type Command } from "@quarterdeck/core/protocol/command";
import { and, eq } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { projects } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import { kernelQuotaOf } from "./kernel-quota.ts";
import { readPlace, type Place } from "./read-place.ts";

/** What a command says of the place where its run is: its limits, and what it may reach. */
export type CommandBounds = Pick<Command, "quota" | "network">;

/** Of what works on the bridge itself, and runs nothing. */
export const noBounds: CommandBounds = { quota: null, network: anyNetwork };

/** As things are now. What is only being made has the limits of what is above it. */
export async function readBounds(
  { db, env }: Pick<Runtime, "db" | "env">,
  place: Place,
  action: ActionName,
): Promise<CommandBounds> {
  const { orgId, projectId } = place;
  const project = projectId === null ? null : await readProject(db, { orgId, projectId });
  return {
    quota: kernelQuotaOf(await readPlace(db, place, project?.lifecycle ?? "active"), env.quotas.lifecycle),
    network: project === null ? anyNetwork : networkFor(action, project),
  };
}

async function readProject(db: Database, { orgId, projectId }: { orgId: OrgId; projectId: ProjectId }) {
  const [row] = await db
    .select({ network: projects.network, lifecycle: projects.lifecycle, url: projects.url })
    .from(projects)
    .where(and(eq(projects.orgId, orgId), eq(projects.projectId, projectId)));
  return row ?? null;
}

/** What fetches from the project's repository reaches that, too: a project that may reach nothing can still be brought up to date. */
function networkFor(
  action: ActionName,
  { network: { mode, hosts }, url }: { network: Command["network"]; url: string },
): Command["network"] {
  if (mode === "all") return anyNetwork;
  const allowed = mode === "allowList" ? hosts : [];
  if (action !== "project.clone" && action !== "git.pull") return { mode, hosts: allowed };
  const remote = gitUrlHost(url);
  const withRemote = remote === null ? allowed : [...new Set([remote, ...allowed])];
  return { mode: "allowList", hosts: withRemote };
}

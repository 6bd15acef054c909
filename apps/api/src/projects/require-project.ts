import type { ProjectId } from "@quarterdeck/core/ids";
import type { TenantScope } from "../auth/scope.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { findProject, type Project } from "./repo.ts";

/** The project, or the answer that there is none. */
export async function requireProject(
  { db }: Pick<Runtime, "db">,
  scope: TenantScope,
  projectId: ProjectId,
): Promise<Project> {
  const project = await findProject(db, scope, projectId);
  if (project === null) throw notFound("project");
  return project;
}

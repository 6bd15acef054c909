import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import { listProjectRows } from "../projects/repo.ts";
import { requireProject } from "../projects/require-project.ts";
import type { Runtime } from "../runtime.ts";
import { requireWorkspace } from "../workspaces/service.ts";
import { findArchiveRow, findProblem, findUnderWay, listArchiveRows, readKeeps, writeKeeps } from "./repo.ts";
import type { ArchiveListView, ArchiveOwner } from "./views.ts";

/** Whose archives are meant, as a client names it. */
export type OwnerInput = { readonly projectId: ProjectId } | { readonly workspaceId: WorkspaceId };

export async function requireOwner(runtime: Runtime, scope: OrgScope, input: OwnerInput): Promise<ArchiveOwner> {
  if ("projectId" in input) {
    const { workspaceId, projectId } = await requireProject(runtime, scope, input.projectId);
    return { kind: "project", workspaceId, projectId };
  }
  const { workspaceId } = await requireWorkspace(runtime, scope, input.workspaceId);
  return { kind: "workspace", workspaceId, projectId: null };
}

/** Refuses an archive that is not one of this project or workspace, and one that is not there any more. */
export async function requireKept(
  { db }: Runtime,
  scope: OrgScope,
  archive: { readonly owner: ArchiveOwner; readonly archiveId: RunId },
): Promise<void> {
  const row = await findArchiveRow(db, scope, archive);
  if (row === null) throw notFound("archive");
  if (row.state === "removed")
    throw new QuarterdeckError("CONFLICT", "This archive is not on its server any more. Choose another one.");
}

export async function listArchives(runtime: Runtime, scope: OrgScope, input: OwnerInput): Promise<ArchiveListView> {
  const owner = await requireOwner(runtime, scope, input);
  const { db } = runtime;
  const [keeps, underWay, problem, rows, projects] = await Promise.all([
    readKeeps(db, scope, owner),
    findUnderWay(db, scope, owner),
    findProblem(db, scope, owner),
    listArchiveRows(db, scope, owner),
    listProjectRows(db, scope, owner.workspaceId),
  ]);
  if (keeps === null) throw notFound(owner.kind);
  const names = new Map(projects.map(({ projectId, name }) => [projectId, name]));
  const archives = rows.map((row) => ({
    ...row,
    projects: row.projects.map((project) => ({ ...project, name: names.get(project.projectId) ?? null })),
  }));
  return { keeps, underWay, problem, archives };
}

/** Says how many archives of it are kept. It holds from the next one on. */
export async function setKeeps(
  runtime: Runtime,
  scope: OrgScope,
  { keeps, ...input }: OwnerInput & { readonly keeps: number },
): Promise<ArchiveListView> {
  const owner = await requireOwner(runtime, scope, input);
  const { orgId, userId, address } = scope;
  const subject = owner.projectId ?? owner.workspaceId;
  const entry = {
    orgId,
    actor: userId,
    address,
    action: `${owner.kind}.keepArchives`,
    subject,
    outcome: "done",
  } as const;
  await runtime.writer.commit([
    writeKeeps(scope, owner, keeps),
    recordAudit(runtime, { ...entry, detail: String(keeps) }, previousChanged),
    recordChange(scope, { kind: owner.kind, id: subject, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return listArchives(runtime, scope, input);
}

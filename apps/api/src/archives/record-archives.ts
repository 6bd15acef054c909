import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { ReportedRun } from "../relay/report-repo.ts";
import type { RunReport } from "../relay/session/run-transition.ts";
import type { Statement } from "../writer.ts";
import { isArchiveAction, makesArchive } from "./archive-actions.ts";
import { insertArchive, recordRemovals } from "./repo.ts";

/**
 * What the end of a run that made, restored or deleted an archive changes in the list of them. The statements follow, in the unit of
 * its end, one that happened with it only.
 */
export function recordArchives(run: ReportedRun, report: RunReport, atMs: number): Statement[] {
  if (!isArchiveAction(run.action) || (report.kind !== "finished" && report.kind !== "ended")) return [];
  const { orgId, projectId, workspaceId } = run;
  const change =
    projectId === null ? { kind: "workspace" as const, id: workspaceId } : { kind: "project" as const, id: projectId };
  const changed = recordChange({ orgId }, { ...change, atMs }, previousChanged);
  if (report.kind !== "finished" || report.result.verdict !== "succeeded" || !report.result.archives) return [changed];
  const { archives, finishedAtMs } = report.result;
  const isMade = makesArchive(run.action);
  const removal = isMade ? "retention" : "missing";
  return [
    ...(isMade && archives.made ? [insertArchive({ orgId }, run, { ...archives.made, madeAtMs: finishedAtMs })] : []),
    changed,
    recordRemovals({ orgId }, run, { kept: archives.kept, atMs: finishedAtMs, removal }),
  ];
}

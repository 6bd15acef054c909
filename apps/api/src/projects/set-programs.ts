import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ProjectId } from "@quarterdeck/core/ids";
import type { ProjectPrograms } from "@quarterdeck/core/programs/project-programs";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import { requireReachableServer } from "../servers/service.ts";
import { forbiddenByPolicy } from "./allowed-by-policy.ts";
import { updatePrograms } from "./repo.ts";
import { requireProject } from "./require-project.ts";
import { getProject } from "./service.ts";
import type { ProjectView } from "./views.ts";

/** Says which programs a project has beyond those of every project, and whether install scripts run in it. */
export async function setPrograms(
  runtime: Runtime,
  scope: OrgScope,
  { projectId, added, installScripts }: ProjectPrograms & { projectId: ProjectId },
): Promise<ProjectView> {
  const { serverId } = await requireProject(runtime, scope, projectId);
  const { capabilities } = await requireReachableServer(runtime, scope, serverId);
  const programs = { added: [...new Set(added)].toSorted(), installScripts };
  const forbidden = capabilities?.policy ? forbiddenByPolicy(capabilities.policy, programs) : null;
  if (forbidden) throw new QuarterdeckError(forbidden.code, forbidden.message);
  const { orgId, userId, address } = scope;
  const detail = `programs: ${programs.added.join(" ") || "none"}; install scripts: ${installScripts ? "on" : "off"}`;
  await runtime.writer.commit([
    updatePrograms(scope, { projectId, programs }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "project.setPrograms", subject: projectId, outcome: "done", detail },
      previousChanged,
    ),
    recordChange(scope, { kind: "project", id: projectId, atMs: runtime.clock.nowMs() }, previousChanged),
  ]);
  return getProject(runtime, scope, projectId);
}

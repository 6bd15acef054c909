import type { OrgId, RunId } from "@quarterdeck/core/ids";
import { recordAudit } from "../audit/repo.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";

/** Records that a run was refused, where the statement before, in the unit of its end, changed something. */
export function runRefused(
  runtime: Runtime,
  { orgId, runId }: { readonly orgId: OrgId; readonly runId: RunId },
  { by, code }: { readonly by: string; readonly code: string | null },
): Statement {
  const entry = { orgId, actor: by, address: null, action: "run.refuse", subject: runId, outcome: "refused" } as const;
  return recordAudit(runtime, { ...entry, detail: code }, previousChanged);
}

import { secretInputSchema, type SecretInput } from "@quarterdeck/core/actions/secret-input";
import type { TaskId } from "@quarterdeck/core/ids";
import { sql, type SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import { runs, tasks } from "../db/schema.ts";
import type { SecretBox } from "../keys/secret-box.ts";

type TaskOf = TenantScope & { readonly taskId: TaskId };

function placeOf({ orgId, taskId }: TaskOf): string[] {
  return ["taskSecretInput", orgId, taskId];
}

/** The secret input of a task as the database keeps it, for a renewal or to run it again. */
export function sealTaskSecrets(secrets: SecretBox, task: TaskOf, input: SecretInput | null): string | null {
  return input === null ? null : secrets.seal(JSON.stringify(input), placeOf(task));
}

export function openTaskSecrets(secrets: SecretBox, task: TaskOf, sealed: string | null): SecretInput | null {
  return sealed === null ? null : secretInputSchema.parse(JSON.parse(secrets.open(sealed, placeOf(task))));
}

/** Deletes the secret input of tasks whose run has ended: nothing will need it, unless someone has to decide about it. */
export function deleteUsedSecrets(): SQL {
  const column = sql.identifier(tasks.secretInput.name);
  return sql`update ${tasks} set ${column} = null where ${tasks.secretInput} is not null and exists (
    select 1 from ${runs} where ${runs.orgId} = ${tasks.orgId} and ${runs.taskId} = ${tasks.taskId}
    and ${runs.state} = 'ended' and (${runs.verdict} <> 'indeterminate' or ${runs.resolution} is not null))`;
}

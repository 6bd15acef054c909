import type { TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { useTaskTitle } from "../runs/use-task-title.ts";

export interface RunAfterFieldProps {
  readonly workspaceId: WorkspaceId;
  readonly value: TaskId | null;
  readonly onChange: (taskId: TaskId | null) => void;
  readonly error?: string | undefined;
}

/** Which of the workspace's open tasks must succeed first. Not there while there is none. */
export function RunAfterField({ workspaceId, value, onChange, error }: RunAfterFieldProps) {
  const { t } = useTranslation();
  const titleOf = useTaskTitle();
  const tasks = useQuery(trpc.tasks.list.queryOptions({ workspaceId }));
  const open = (tasks.data?.tasks ?? []).filter((task) => task.state !== "ended" || task.taskId === value);
  if (open.length === 0) return null;
  return (
    <Field label={t("runs.form.after")} hint={t("runs.form.afterHint")} error={error}>
      {(control) => (
        <Select
          {...control}
          value={value ?? ""}
          onChange={(event) => onChange(open.find((task) => task.taskId === event.target.value)?.taskId ?? null)}
        >
          <option value="">{t("runs.form.afterNothing")}</option>
          {open.map((task) => (
            <option key={task.taskId} value={task.taskId}>
              {titleOf(task).text}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

import { priorities } from "@quarterdeck/core/protocol/command";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { TaskView } from "../../api/views.ts";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

/** The band of a waiting run, which may be changed until it starts. */
export function RunPriority({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const set = useMutation(
    trpc.tasks.setPriority.mutationOptions({
      onSettled: () => queryClient.invalidateQueries(trpc.tasks.pathFilter()),
    }),
  );
  const mayChange = useMay("tasks.run", placeOf(task));
  if (!mayChange || task.state !== "queued" || task.isCancelling) return null;
  return (
    <div className="max-w-xs">
      <Field
        label={t("runs.priority.label")}
        hint={t("runs.priority.hint")}
        error={set.error === null ? undefined : errorText(t, set.error)}
      >
        {(control) => (
          <Select
            {...control}
            disabled={set.isPending}
            value={set.isPending ? set.variables.priority : task.priority}
            onChange={({ target }) => {
              const chosen = priorities.find((priority) => priority === target.value);
              if (chosen !== undefined) set.mutate({ taskId: task.taskId, priority: chosen });
            }}
          >
            {priorities.map((priority) => (
              <option key={priority} value={priority}>
                {t(`runs.priority.${priority}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </div>
  );
}

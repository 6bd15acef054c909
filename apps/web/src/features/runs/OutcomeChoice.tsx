import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleCheck, CircleX, RotateCcw, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { Resolution, TaskView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";

const choices: readonly { readonly outcome: Resolution["outcome"]; readonly Icon: LucideIcon }[] = [
  { outcome: "succeeded", Icon: CircleCheck },
  { outcome: "failed", Icon: CircleX },
  { outcome: "runAgain", Icon: RotateCcw },
];

/** What can be submitted again as it is. Cloning again is the project's own button. */
const repeatable: readonly string[] = ["exec", "git.pull"];

/** Whether someone has yet to say what became of a run. */
export function isOutcomeOpen({ verdict, resolution }: Pick<TaskView, "verdict" | "resolution">): boolean {
  return verdict === "indeterminate" && resolution === null;
}

/** Lets a person say what became of a run whose outcome is unknown, or run it again. */
export function OutcomeChoice({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const resolve = useMutation(
    trpc.tasks.resolveOutcome.mutationOptions({
      async onSuccess({ resolution }) {
        const rerunTaskId = resolution?.rerunTaskId ?? null;
        if (rerunTaskId !== null) await navigate({ to: "/runs/$taskId", params: { taskId: rerunTaskId } });
      },
      // After a refusal too: someone else may have decided meanwhile.
      onSettled: () => queryClient.invalidateQueries(trpc.tasks.pathFilter()),
    }),
  );
  if (!isOutcomeOpen(task)) return null;
  const offered = choices.filter(({ outcome }) => outcome !== "runAgain" || repeatable.includes(task.action));
  return (
    <fieldset className="mt-3 min-w-0">
      <legend className="font-medium">{t("runs.outcome.question")}</legend>
      <ul className="mt-2 flex flex-col gap-2">
        {offered.map(({ outcome, Icon }) => {
          const isBusy = resolve.isPending && resolve.variables.outcome === outcome;
          const explanationId = `outcome-${outcome}`;
          return (
            <li key={outcome} className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <Button
                className="w-40 justify-start"
                isBusy={isBusy}
                disabled={resolve.isPending}
                aria-describedby={explanationId}
                onClick={() => resolve.mutate({ taskId: task.taskId, outcome })}
              >
                {!isBusy && <Icon aria-hidden />}
                {t(`runs.outcome.choice.${outcome}`)}
              </Button>
              <span id={explanationId} className="min-w-0 flex-1 basis-48 text-muted">
                {t(`runs.outcome.help.${outcome}`)}
              </span>
            </li>
          );
        })}
      </ul>
      {resolve.error !== null && (
        <p role="alert" className="mt-2 text-bad">
          {errorText(t, resolve.error)}
        </p>
      )}
    </fieldset>
  );
}

import type { Verdict as VerdictName } from "@quarterdeck/core/protocol/result";
import { useTranslation } from "react-i18next";
import type { TaskDetail } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";
import { ProgramQuote } from "../content/ProgramQuote.tsx";
import { OutcomeChoice } from "./OutcomeChoice.tsx";
import { OutcomeDecision } from "./OutcomeDecision.tsx";

const helped = [
  "timedOut",
  "refused",
  "expired",
  "interrupted",
  "indeterminate",
] as const satisfies readonly VerdictName[];

/** Whether a verdict needs words about what it means and what to do now. */
function needsHelp(verdict: VerdictName): verdict is (typeof helped)[number] {
  return (helped as readonly VerdictName[]).includes(verdict);
}

/** What there is to say about an end that is not plain success or failure of the program. */
export function RunMessage({ task }: { task: TaskDetail }) {
  const { t } = useTranslation();
  if (task.verdict === null || task.verdict === "succeeded") return null;
  if (task.verdict === "failed" && task.message === null) return null;
  const tone = task.verdict === "cancelled" ? "info" : task.verdict === "failed" ? "bad" : "warn";
  return (
    <Alert tone={tone} title={t(`runs.verdictText.${task.verdict}`)}>
      {task.message !== null && task.verdict !== "cancelled" && <p className="whitespace-pre-wrap">{task.message}</p>}
      <ProgramQuote task={task} />
      {needsHelp(task.verdict) && <p className="mt-1 text-muted">{t(`runs.verdictHelp.${task.verdict}`)}</p>}
      <OutcomeChoice task={task} />
      <OutcomeDecision task={task} />
    </Alert>
  );
}

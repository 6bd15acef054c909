import type { Verdict as VerdictName } from "@quarterdeck/core/protocol/result";
import { useTranslation } from "react-i18next";
import type { TaskDetail } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";
import { ProgramQuote } from "../content/ProgramQuote.tsx";
import { OutcomeChoice } from "./OutcomeChoice.tsx";
import { OutcomeDecision } from "./OutcomeDecision.tsx";
import { May } from "../access/May.tsx";
import { placeOf } from "../access/use-may.ts";

type Told = TaskDetail & { readonly verdict: Exclude<VerdictName, "succeeded"> };

function hasMessage(task: TaskDetail): task is Told {
  if (task.verdict === null || task.verdict === "succeeded") return false;
  return task.verdict !== "failed" || task.message !== null;
}

const leaseVerdicts = ["expired", "interrupted", "indeterminate"] as const satisfies readonly VerdictName[];

/** The words that an end has where it is one of a lease. */
function leaseVerdict({ verdict, code }: Told) {
  return code === "LEASE_EXPIRED" ? leaseVerdicts.find((other) => other === verdict) : undefined;
}

function LateNote() {
  const { t } = useTranslation();
  return <p className="mt-1 text-sm text-muted">{t("runs.late")}</p>;
}

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
  if (!hasMessage(task)) return task.isLate ? <LateNote /> : null;
  const tone = task.verdict === "cancelled" ? "info" : task.verdict === "failed" ? "bad" : "warn";
  const ofLease = leaseVerdict(task);
  const title = ofLease === undefined ? t(`runs.verdictText.${task.verdict}`) : t(`runs.leaseText.${ofLease}`);
  return (
    <Alert tone={tone} title={title}>
      {task.message !== null && task.verdict !== "cancelled" && <p className="whitespace-pre-wrap">{task.message}</p>}
      <ProgramQuote task={task} />
      {task.isLate && <LateNote />}
      {needsHelp(task.verdict) && <p className="mt-1 text-muted">{t(`runs.verdictHelp.${task.verdict}`)}</p>}
      <May permission="tasks.run" place={placeOf(task)}>
        <OutcomeChoice task={task} />
      </May>
      <OutcomeDecision task={task} />
    </Alert>
  );
}

import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { demandOf } from "@quarterdeck/core/actions/task-demand";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Card } from "../../ui/Card.tsx";
import { useAmountText } from "../quotas/use-amount-text.ts";
import { Elapsed } from "./Elapsed.tsx";
import { Verdict } from "./Verdict.tsx";

/** How the run stands or ended, in figures. */
export function RunFacts({ task }: { task: TaskView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const amountText = useAmountText();
  const demand = demandOf(task.action as ActionName, task.demand);
  return (
    <Card className="grid grid-cols-2 gap-x-6 gap-y-3 p-4 sm:flex sm:flex-wrap sm:gap-x-10">
      <Fact label={t("runs.fact.verdict")}>
        <span
          role="status"
          {...(task.verdict === null ? {} : { "data-verdict": task.verdict })}
          className="inline-flex"
        >
          <Verdict task={task} />
        </span>
      </Fact>
      <Fact label={t("runs.fact.exitCode")}>
        {task.exitCode ?? (task.signal === null ? "–" : t("runs.fact.signal", { name: task.signal }))}
      </Fact>
      <Fact label={task.state === "ended" ? t("runs.fact.duration") : t("runs.fact.elapsed")}>
        <Elapsed task={task} />
      </Fact>
      {task.cpuMs !== null && <Fact label={t("runs.fact.cpu")}>{format.duration(task.cpuMs)}</Fact>}
      {task.peakMemory !== null && <Fact label={t("runs.fact.memory")}>{format.bytes(task.peakMemory)}</Fact>}
      {task.demand !== null && (
        <Fact label={t("runs.fact.demand")}>
          {t("runs.fact.demandOf", {
            cpu: amountText("cpu", demand.cpu),
            memory: amountText("memory", demand.memory),
          })}
        </Fact>
      )}
      <Fact label={t("runs.fact.submitted")}>
        <span>{format.dateTime(task.submittedAtMs)}</span>{" "}
        <span className="text-xs text-muted">
          <TimeAgo atMs={task.submittedAtMs} />
        </span>
      </Fact>
      <Fact label={t("runs.fact.submittedBy")}>
        <bdi className="break-all">{task.submittedBy}</bdi>
      </Fact>
    </Card>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <p className="mb-0.5 text-2xs text-muted">{label}</p>
      <div className="text-sm tabular-nums">{children}</div>
    </div>
  );
}

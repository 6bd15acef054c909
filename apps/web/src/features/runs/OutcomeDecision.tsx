import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";
import { TextLink } from "../../app/TextLink.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";

/** What someone decided about a run whose outcome is unknown: who, when, and what runs instead. */
export function OutcomeDecision({ task: { resolution } }: { task: TaskView }) {
  const { t } = useTranslation();
  if (resolution === null) return null;
  const { outcome, by, atMs, rerunTaskId } = resolution;
  return (
    <p className="mt-2 font-medium">
      {t(`runs.outcome.decided.${outcome}`, { by })}{" "}
      <span className="text-xs font-normal text-muted">
        <TimeAgo atMs={atMs} />
      </span>{" "}
      {rerunTaskId !== null && (
        <TextLink to="/runs/$taskId" params={{ taskId: rerunTaskId }} className="underline">
          {t("runs.outcome.openRerun")}
        </TextLink>
      )}
    </p>
  );
}

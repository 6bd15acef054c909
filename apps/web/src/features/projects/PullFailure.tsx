import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView, TaskView } from "../../api/views.ts";
import { TextLink } from "../../app/TextLink.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { buttonClasses } from "../../ui/Button.tsx";
import { ProgramQuote } from "../content/ProgramQuote.tsx";
import { failedPull } from "./failed-pull.ts";

/** Looked through for the newest pull. */
const newestTasks = 50;

/** Says why the last pull failed, until one succeeds. */
export function PullFailure({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const { data } = useQuery(trpc.tasks.list.queryOptions({ projectId: project.projectId, limit: newestTasks }));
  const pull = failedPull(data?.tasks ?? []);
  if (pull === undefined) return null;
  return (
    <Alert
      tone="bad"
      title={t("projects.pullFailed.title")}
      action={
        <TextLink
          to="/runs/$taskId"
          params={{ taskId: pull.taskId }}
          className={buttonClasses("secondary", "hover:no-underline")}
        >
          {t("projects.pullFailed.open")}
        </TextLink>
      }
    >
      <p className="whitespace-pre-wrap">{pull.message ?? t("projects.pullFailed.noReason")}</p>
      <PullQuote taskId={pull.taskId} />
      <p className="mt-1 text-muted">{t("projects.pullFailed.note")}</p>
    </Alert>
  );
}

/** git's own words; the list of tasks does not carry them. */
function PullQuote({ taskId }: { taskId: TaskView["taskId"] }) {
  const { data } = useQuery(trpc.tasks.get.queryOptions({ taskId }));
  return data === undefined ? null : <ProgramQuote task={data} />;
}

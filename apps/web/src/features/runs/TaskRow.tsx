import { useTranslation } from "react-i18next";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import type { TaskView } from "../../api/views.ts";
import { Cell } from "../../ui/Table.tsx";
import { classes } from "../../ui/classes.ts";
import { Elapsed } from "./Elapsed.tsx";
import { useTaskTitle } from "./use-task-title.ts";
import { Verdict } from "./Verdict.tsx";

export function TaskRow({ task, showsPlace }: { task: TaskView; showsPlace: boolean }) {
  const { t } = useTranslation();
  const title = useTaskTitle()(task);
  return (
    <tr className="relative hover:bg-hover">
      <Cell className="w-px whitespace-nowrap">
        <Verdict task={task} />
      </Cell>
      <Cell className="w-full max-w-0 min-w-28">
        <TextLink
          to="/runs/$taskId"
          params={{ taskId: task.taskId }}
          {...(title.isCommand ? { dir: "ltr" as const } : {})}
          title={title.text}
          className={classes("block truncate after:absolute after:inset-0", title.isCommand && "font-mono text-xs")}
        >
          {title.text}
        </TextLink>
        {task.resolution !== null && task.verdict === "indeterminate" && (
          <p className="truncate text-2xs text-muted">
            {t(`runs.outcome.inHistory.${task.resolution.outcome}`, { by: task.resolution.by })}
          </p>
        )}
        <p className="text-2xs text-muted sm:hidden">
          <TimeAgo atMs={task.submittedAtMs} />
        </p>
      </Cell>
      {showsPlace && (
        <Cell isWideOnly className="max-w-40 truncate text-muted">
          <Name>{task.projectName ?? task.workspaceName}</Name>
        </Cell>
      )}
      <Cell isWideOnly className="w-px whitespace-nowrap text-muted">
        <Elapsed task={task} />
      </Cell>
      <Cell isWideOnly className="w-px text-muted">
        <TimeAgo atMs={task.submittedAtMs} />
      </Cell>
    </tr>
  );
}

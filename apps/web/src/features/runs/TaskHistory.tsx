import { idSchema, type ProjectId, type ServerId, type TaskId, type WorkspaceId } from "@quarterdeck/core/ids";
import { useInfiniteQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useTranslation } from "react-i18next";
import { trpc, trpcClient } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table } from "../../ui/Table.tsx";
import { TaskRow } from "./TaskRow.tsx";

const cursorSchema = idSchema("task").nullable();

export interface TaskHistoryProps {
  readonly of:
    | { readonly workspaceId: WorkspaceId }
    | { readonly projectId: ProjectId }
    | { readonly serverId: ServerId };
  readonly pageSize?: number;
  /** Say where each run was: in lists of more than one project. */
  readonly showsPlace?: boolean;
}

/** Runs, the newest first, a page at a time. */
export function TaskHistory({ of, pageSize = 20, showsPlace = false }: TaskHistoryProps) {
  const { t } = useTranslation();
  const input = { ...of, limit: pageSize };
  const query = useInfiniteQuery({
    queryKey: trpc.tasks.list.infiniteQueryKey(input),
    queryFn: ({ pageParam, signal }) => trpcClient.tasks.list.query({ ...input, cursor: pageParam }, { signal }),
    initialPageParam: null as TaskId | null,
    getNextPageParam: ({ nextCursor }) => cursorSchema.parse(nextCursor),
  });
  const columns = [
    { title: t("runs.column.verdict") },
    { title: t("runs.column.what") },
    ...(showsPlace ? [{ title: t("runs.column.where"), isWideOnly: true }] : []),
    { title: t("runs.column.duration"), isWideOnly: true },
    { title: t("runs.column.when"), isWideOnly: true },
  ];
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-40" />}>
      {({ pages }) => {
        const tasks = pages.flatMap((page) => page.tasks);
        if (tasks.length === 0) {
          return (
            <EmptyState icon={History} title={t("runs.history.emptyTitle")}>
              {t("runs.history.empty")}
            </EmptyState>
          );
        }
        return (
          <div className="flex flex-col items-center gap-3">
            <div className="w-full min-w-0">
              <Table label={t("runs.history.title")} columns={columns}>
                {tasks.map((task) => (
                  <TaskRow key={task.taskId} task={task} showsPlace={showsPlace} />
                ))}
              </Table>
            </div>
            {query.hasNextPage && (
              <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("common.more")}
              </Button>
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

import type { QueryClient } from "@tanstack/react-query";
import type { inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "@quarterdeck/api/router-type";
import { trpc } from "../api/trpc.ts";

type ChangeEvent =
  inferRouterOutputs<AppRouter>["events"]["changes"] extends AsyncIterable<infer Tracked, unknown, unknown>
    ? Tracked extends { data: infer Change }
      ? Change
      : never
    : never;

export type Change = Pick<ChangeEvent, "kind" | "id">;

interface TaskLike {
  readonly taskId?: unknown;
}

/** Has everything fetched again that shows what changed. */
export function invalidateChanged(queryClient: QueryClient, { kind, id }: Change): void {
  const stale = (filter: Parameters<QueryClient["invalidateQueries"]>[0]) => void queryClient.invalidateQueries(filter);
  switch (kind) {
    case "server":
      stale(trpc.servers.pathFilter());
      stale(trpc.updates.pathFilter());
      stale(trpc.workspaces.pathFilter()); // They show the server's name.
      stale({ queryKey: ["read"], predicate: ({ state }) => state.status === "error" }); // It may be back.
      return;
    case "workspace":
      stale(trpc.workspaces.pathFilter());
      return;
    case "project":
      stale(trpc.projects.pathFilter());
      stale(trpc.workspaces.pathFilter()); // They count their projects.
      return;
    case "task":
      stale(trpc.tasks.list.pathFilter());
      stale({
        ...trpc.tasks.get.pathFilter(),
        predicate: (query) =>
          (query.state.data as TaskLike | undefined)?.taskId === id || query.state.data === undefined,
      });
      stale(trpc.servers.pathFilter()); // They count what waits.
      return;
    case "org":
      stale(trpc.pathFilter());
      return;
  }
}

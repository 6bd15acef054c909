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

/** Has everything fetched again, once, that shows something of what changed. */
export function invalidateChanged(queryClient: QueryClient, changes: readonly Change[]): void {
  const kinds = new Set(changes.map(({ kind }) => kind));
  const ids = new Set<unknown>(changes.map(({ id }) => id));
  const stale = (filter: Parameters<QueryClient["invalidateQueries"]>[0]) => void queryClient.invalidateQueries(filter);
  if (kinds.has("org")) {
    stale(trpc.pathFilter());
    return;
  }
  // Workspaces show their server's name and count their projects; servers count what waits.
  if (kinds.has("server") || kinds.has("task")) stale(trpc.servers.pathFilter());
  if (kinds.has("server")) stale(trpc.sharing.pathFilter());
  if (kinds.has("server") || kinds.has("workspace") || kinds.has("project")) stale(trpc.workspaces.pathFilter());
  if (kinds.has("project")) stale(trpc.projects.pathFilter());
  if (kinds.has("workspace") || kinds.has("project")) stale(trpc.archives.pathFilter());
  // What a server's kernel holds, and what a node and those above it may have.
  if (kinds.has("server") || kinds.has("workspace") || kinds.has("project")) stale(trpc.quotas.pathFilter());
  if (kinds.has("server")) {
    stale(trpc.updates.pathFilter());
    stale({ queryKey: ["read"], predicate: ({ state }) => state.status === "error" }); // It may be back.
  }
  if (kinds.has("task")) {
    stale(trpc.tasks.list.pathFilter());
    stale({
      ...trpc.tasks.get.pathFilter(),
      predicate: ({ state: { data } }) => data === undefined || ids.has((data as TaskLike).taskId),
    });
  }
}

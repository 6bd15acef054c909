import { useQueries, useQuery } from "@tanstack/react-query";
import type { Place } from "@quarterdeck/api/rights";
import { trpc } from "../../api/trpc.ts";

export interface NamedPlace {
  /** Of the workspace or project; empty for the org. */
  readonly id: string;
  readonly place: Place;
  readonly name: string;
}

/** Every place where somebody can have a role, but the org itself. */
export function usePlaces(): NamedPlace[] {
  const workspaces = useQuery(trpc.workspaces.list.queryOptions()).data ?? [];
  const projects = useQueries({
    queries: workspaces.map(({ workspaceId }) => trpc.projects.list.queryOptions({ workspaceId })),
  });
  return workspaces.flatMap(({ workspaceId, name }, index) => [
    { id: workspaceId, place: { workspaceId, projectId: null }, name },
    ...(projects[index]?.data ?? []).map(({ projectId, name: projectName }) => ({
      id: projectId,
      place: { workspaceId, projectId },
      name: `${name} / ${projectName}`,
    })),
  ]);
}

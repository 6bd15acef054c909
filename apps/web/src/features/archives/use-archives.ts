import type { RunId } from "@quarterdeck/core/ids";
import { skipToken, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { trpc, trpcClient } from "../../api/trpc.ts";
import type { ArchivesOf } from "./archives-of.ts";

const { archives } = trpcClient;

/** The archives of a project, or of a workspace as a whole. */
export function useArchives({ workspaceId, projectId }: ArchivesOf) {
  const ofProject = useQuery(trpc.archives.ofProject.queryOptions(projectId === null ? skipToken : { projectId }));
  const ofWorkspace = useQuery(
    trpc.archives.ofWorkspace.queryOptions(projectId === null ? { workspaceId } : skipToken),
  );
  return projectId === null ? ofWorkspace : ofProject;
}

/** Something that is asked of the server, after which the list is another. */
function useDeed<Wish>(deed: (wish: Wish) => Promise<unknown>, onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: deed,
    async onSuccess() {
      await Promise.all([
        queryClient.invalidateQueries(trpc.archives.pathFilter()),
        queryClient.invalidateQueries(trpc.tasks.list.pathFilter()),
      ]);
      onDone();
    },
  });
}

export function useMakeArchive({ workspaceId, projectId }: ArchivesOf, onDone: () => void) {
  return useDeed(
    () =>
      projectId === null
        ? archives.archiveWorkspace.mutate({ workspaceId })
        : archives.archiveProject.mutate({ projectId }),
    onDone,
  );
}

export function useRestoreArchive({ workspaceId, projectId }: ArchivesOf, onDone: () => void) {
  return useDeed(
    (wish: { archiveId: RunId; replaces: boolean }) =>
      projectId === null
        ? archives.restoreWorkspace.mutate({ workspaceId, ...wish })
        : archives.restoreProject.mutate({ projectId, ...wish }),
    onDone,
  );
}

export function useDeleteArchive({ workspaceId, projectId }: ArchivesOf, onDone: () => void) {
  return useDeed(
    (wish: { archiveId: RunId }) =>
      projectId === null
        ? archives.deleteOfWorkspace.mutate({ workspaceId, ...wish })
        : archives.deleteOfProject.mutate({ projectId, ...wish }),
    onDone,
  );
}

export function useKeepArchives({ workspaceId, projectId }: ArchivesOf, onDone: () => void) {
  return useDeed(
    (wish: { keeps: number }) =>
      projectId === null
        ? archives.setKeptOfWorkspace.mutate({ workspaceId, ...wish })
        : archives.setKeptOfProject.mutate({ projectId, ...wish }),
    onDone,
  );
}

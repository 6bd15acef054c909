import type { ServerId } from "@quarterdeck/core/ids";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { trpc } from "../../api/trpc.ts";
import type { BridgeVersionView } from "../../api/views.ts";

export function useUpdates() {
  return useQuery(trpc.updates.overview.queryOptions());
}

/** The bridge of one server; undefined while that is not known. */
export function useBridgeVersion(serverId: ServerId): BridgeVersionView | undefined {
  return useUpdates().data?.servers.find((server) => server.serverId === serverId);
}

/** Whether an update is on its way to a server. */
export function isUnderWay({ update }: BridgeVersionView): boolean {
  return update !== null && ["waiting", "sent", "settling"].includes(update.state);
}

/** Has everything fetched again that an update changes. */
function useRenewal(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries(trpc.updates.pathFilter());
}

export function useUpdateServer(onDone: () => void) {
  const renew = useRenewal();
  return useMutation(
    trpc.updates.updateServer.mutationOptions({
      async onSuccess() {
        await renew();
        onDone();
      },
    }),
  );
}

export function useUpdateAll(onDone: () => void) {
  const renew = useRenewal();
  return useMutation(
    trpc.updates.updateAll.mutationOptions({
      async onSuccess() {
        await renew();
        onDone();
      },
    }),
  );
}

export function useStopRollout() {
  const renew = useRenewal();
  return useMutation(trpc.updates.stop.mutationOptions({ onSuccess: renew }));
}

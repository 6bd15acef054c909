import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { useEffect, useSyncExternalStore } from "react";
import { viewerConnection } from "../../live/viewer-connections.ts";
import { addUsage, noUsage, type UsageHistory } from "./usage-history.ts";

interface Kept {
  usage: UsageHistory;
  readonly listeners: Set<() => void>;
}

/** Kept from page to page, so that a chart that was open before does not start empty. */
const kept = new Map<ServerId, Kept>();

function keptOf(serverId: ServerId): Kept {
  const existing = kept.get(serverId);
  if (existing !== undefined) return existing;
  const created: Kept = { usage: noUsage, listeners: new Set() };
  kept.set(serverId, created);
  return created;
}

/** What workspaces of a server use, each second while somebody looks. */
export function useUsage(
  serverId: ServerId,
  { workspaceIds, isWatched }: { readonly workspaceIds: readonly WorkspaceId[]; readonly isWatched: boolean },
): UsageHistory {
  const own = keptOf(serverId);
  const wanted = workspaceIds.join(" ");
  useEffect(() => {
    if (!isWatched || wanted === "") return undefined;
    return viewerConnection(serverId).watchWorkspaces({
      workspaceIds,
      readings(added) {
        own.usage = addUsage(own.usage, added);
        for (const listener of own.listeners) listener();
      },
    });
    // Their names decide, not the list that they stand in.
  }, [own, isWatched, serverId, wanted]);
  return useSyncExternalStore(
    (listener) => {
      own.listeners.add(listener);
      return () => own.listeners.delete(listener);
    },
    () => own.usage,
  );
}

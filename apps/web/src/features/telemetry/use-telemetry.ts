import type { ServerId } from "@quarterdeck/core/ids";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { useEffect, useSyncExternalStore } from "react";
import { viewerConnection } from "../../live/viewer-connections.ts";
import { addSamples } from "./sample-history.ts";

interface History {
  samples: readonly Sample[];
  readonly listeners: Set<() => void>;
}

/** Kept from page to page, so that a chart that was open before does not start empty. */
const histories = new Map<ServerId, History>();
const nothing: readonly Sample[] = [];

function historyOf(serverId: ServerId): History {
  const existing = histories.get(serverId);
  if (existing !== undefined) return existing;
  const history: History = { samples: nothing, listeners: new Set() };
  histories.set(serverId, history);
  return history;
}

/** A server's last minutes, a sample a second while somebody looks. */
export function useTelemetry(serverId: ServerId, isWatched: boolean): readonly Sample[] {
  const history = historyOf(serverId);
  useEffect(() => {
    if (!isWatched) return undefined;
    return viewerConnection(serverId).watchTelemetry({
      samples(added) {
        history.samples = addSamples(history.samples, added);
        for (const listener of history.listeners) listener();
      },
    });
  }, [history, isWatched, serverId]);
  return useSyncExternalStore(
    (listener) => {
      history.listeners.add(listener);
      return () => history.listeners.delete(listener);
    },
    () => history.samples,
  );
}

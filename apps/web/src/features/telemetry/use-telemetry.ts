import type { ServerId } from "@quarterdeck/core/ids";
import { useEffect, useSyncExternalStore } from "react";
import { viewerConnection } from "../../live/viewer-connections.ts";
import { addReadings, noReadings, type Readings } from "./sample-history.ts";

interface History {
  readings: Readings;
  readonly listeners: Set<() => void>;
}

/** Kept from page to page, so that a chart that was open before does not start empty. */
const histories = new Map<ServerId, History>();

function historyOf(serverId: ServerId): History {
  const existing = histories.get(serverId);
  if (existing !== undefined) return existing;
  const history: History = { readings: noReadings, listeners: new Set() };
  histories.set(serverId, history);
  return history;
}

interface TelemetryWish {
  readonly isWatched: boolean;
  /** How much of the past is wanted, besides what comes. */
  readonly historyMs: number;
}

/** A server's readings: one a second while somebody looks, and those of before. */
export function useTelemetry(serverId: ServerId, { isWatched, historyMs }: TelemetryWish): Readings {
  const history = historyOf(serverId);
  useEffect(() => {
    if (!isWatched) return undefined;
    return viewerConnection(serverId).watchTelemetry({
      historyMs,
      readings(added) {
        history.readings = addReadings(history.readings, added);
        for (const listener of history.listeners) listener();
      },
    });
  }, [history, historyMs, isWatched, serverId]);
  return useSyncExternalStore(
    (listener) => {
      history.listeners.add(listener);
      return () => history.listeners.delete(listener);
    },
    () => history.readings,
  );
}

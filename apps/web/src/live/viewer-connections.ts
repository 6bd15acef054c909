import type { ServerId } from "@quarterdeck/core/ids";
import { queryClient } from "../api/query-client.ts";
import { trpc, trpcClient } from "../api/trpc.ts";
import { browserClock } from "./browser-clock.ts";
import { connectionHealth } from "./connection-health.ts";
import { ViewerConnection } from "./viewer-connection.ts";

const connections = new Map<ServerId, ViewerConnection>();

/** The connection that every component shares that watches this server. It closes by itself when nobody watches. */
export function viewerConnection(serverId: ServerId): ViewerConnection {
  const existing = connections.get(serverId);
  if (existing !== undefined) return existing;
  const connection = new ViewerConnection({
    clock: browserClock,
    fetchTicket: ({ telemetry, workspaceIds, runIds }) =>
      trpcClient.servers.viewerTicket.mutate({
        serverId,
        telemetry,
        workspaceIds: [...workspaceIds],
        runIds: [...runIds],
      }),
    onPhase(phase) {
      if (phase === "waiting") {
        connectionHealth.lost(serverId, browserClock.nowMs());
        void queryClient.invalidateQueries(trpc.servers.pathFilter()); // The platform may know why.
      } else if (phase !== "connecting") connectionHealth.back(serverId, browserClock.nowMs());
    },
    onServer: () => void queryClient.invalidateQueries(trpc.servers.pathFilter()),
    onRefused: (code, message) => console.warn(`the relay of ${serverId} says ${code}: ${message}`),
  });
  connections.set(serverId, connection);
  return connection;
}

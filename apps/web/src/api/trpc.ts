import type { AppRouter } from "@quarterdeck/api/router-type";
import { createTRPCClient, createWSClient, httpBatchLink, splitLink, wsLink } from "@trpc/client";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { secondMs } from "@quarterdeck/core/units";
import { reconnectDelayMs } from "../live/session/reconnect-delay.ts";
import { queryClient } from "./query-client.ts";
import { learnServerTime } from "./server-time.ts";
import { stepUpLink } from "./step-up-link.ts";

const path = "/trpc";
/** More than this in a query's URL is refused by Node's HTTP server (16 KiB of headers). */
const maxUrlLength = 8000;

function webSocketUrl(): string {
  const url = new URL(path, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

// It opens with the first subscription, and closes when there has been none for a while.
const webSocket = createWSClient({
  url: webSocketUrl,
  lazy: { enabled: true, closeMs: 5 * secondMs },
  keepAlive: { enabled: true, intervalMs: 10 * secondMs, pongTimeoutMs: 5 * secondMs },
  retryDelayMs: (attempt) => reconnectDelayMs(attempt + 1, Math.random()),
});

export const trpcClient = createTRPCClient<AppRouter>({
  links: [
    stepUpLink,
    splitLink({
      condition: (operation) => operation.type === "subscription",
      true: wsLink({ client: webSocket }),
      false: httpBatchLink({
        url: path,
        maxURLLength: maxUrlLength,
        headers: orgHeader,
        async fetch(input, init) {
          const response = await fetch(input, init as RequestInit);
          learnServerTime(response.headers.get("date"), Date.now());
          return response;
        },
      }),
    }),
  ],
});

/** Query and mutation options of every procedure, bound to the one client and cache. */
export const trpc = createTRPCOptionsProxy<AppRouter>({ client: trpcClient, queryClient });

/** What is shown is of this org: the platform refuses what is meant for it in another. */
function orgHeader(): Record<string, string> {
  const orgId = queryClient.getQueryData(trpc.auth.state.queryKey())?.me?.orgId;
  return orgId === undefined ? {} : { "x-quarterdeck-org": orgId };
}

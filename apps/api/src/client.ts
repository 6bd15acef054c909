import { createTRPCClient, createWSClient, httpBatchLink, splitLink, wsLink, type TRPCClient } from "@trpc/client";
import { WebSocket } from "ws";
import type { AppRouter } from "./app-router.ts";

// What scripts open the content of tasks with: the platform keeps it sealed.
export { openQuote, openTail } from "@quarterdeck/core/protocol/kept-content";

export interface ClientOptions {
  /** The platform's address, for example `http://localhost:7070`. */
  readonly url: string;
  /** The token of a session that exists; without one, sign in and the client keeps the session's cookie itself. */
  readonly sessionToken?: string;
  /** A key of a service account, in place of a session: for scripts. */
  readonly apiKey?: string;
  /** The platform's public address (QUARTERDECK_PUBLIC_URL), where `url` is another way to it. */
  readonly publicUrl?: string;
}

export interface QuarterdeckClient {
  readonly api: TRPCClient<AppRouter>;
  /** The session's token, once signed in. */
  readonly sessionToken: () => string | null;
  readonly close: () => Promise<void>;
}

/**
 * A typed client for scripts and tests. It keeps the session's cookie as a browser would; subscriptions use a WebSocket.
 *
 * @example
 * const { api, close } = createClient({ url: "https://deck.example.com", apiKey: process.env.QUARTERDECK_API_KEY });
 * const workspaces = await api.workspaces.list.query();
 * await close();
 */
export function createClient({ url, sessionToken, apiKey, publicUrl = url }: ClientOptions): QuarterdeckClient {
  const { origin } = new URL(url);
  const cookies = new Map<string, string>();
  const bearer = apiKey ?? sessionToken;
  const headers = (): Record<string, string> => ({
    origin: new URL(publicUrl).origin,
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    ...(cookies.size === 0 ? {} : { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") }),
  });
  const keepCookies = (response: Response) => {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";");
      const [name = "", ...value] = pair.split("=");
      if (/;\s*max-age=0/i.test(cookie)) cookies.delete(name);
      else cookies.set(name, value.join("="));
    }
    return response;
  };
  class SessionSocket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols ?? [], { headers: headers() });
    }
  }
  const socket = createWSClient({
    url: `${origin.replace(/^http/, "ws")}/trpc`,
    WebSocket: SessionSocket as unknown as typeof globalThis.WebSocket,
    lazy: { enabled: true, closeMs: 1000 },
    retryDelayMs: (attempt) => Math.min(5000, 100 * 2 ** attempt),
  });
  const api = createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: (operation) => operation.type === "subscription",
        true: wsLink({ client: socket }),
        false: httpBatchLink({
          url: `${origin}/trpc`,
          headers,
          fetch: async (input, init) => keepCookies(await fetch(input, init as RequestInit)),
        }),
      }),
    ],
  });
  return {
    api,
    sessionToken: () =>
      sessionToken ?? [...cookies].find(([name]) => /^(__Host-)?quarterdeck$/.test(name))?.[1] ?? null,
    close: () => socket.close(),
  };
}

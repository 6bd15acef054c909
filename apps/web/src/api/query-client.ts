import { secondMs } from "@quarterdeck/core/units";
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isRetryable, toApiError } from "./api-error.ts";

const signedOutListeners = new Set<() => void>();

/** Calls back when the platform says that nobody is signed in any more; the function that it returns stops that. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/** Says that nobody is signed in any more. */
export function tellSignedOut(): void {
  for (const listener of signedOutListeners) listener();
}

function noticeSignOut(error: unknown): void {
  const { code } = toApiError(error);
  if (code === "UNAUTHENTICATED") tellSignedOut();
  // The session is in another org by now, or its account in none: whoever asks who one is shows that.
  if (code === "ORG_CHANGED" || code === "NO_ORG")
    void queryClient.invalidateQueries({ queryKey: [["auth", "state"]] });
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeSignOut }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: {
    queries: {
      // What changes is announced by events.changes; this is for what nobody announced.
      staleTime: 30 * secondMs,
      // The platform may be on this very machine, so it is asked also while the network is down.
      networkMode: "always",
      retry: (failures, error) => failures < 2 && isRetryable(error),
      retryDelay: (failures, error) => Math.max(300 * 2 ** failures, toApiError(error).retryAfterMs),
    },
    mutations: { networkMode: "always", retry: false },
  },
});

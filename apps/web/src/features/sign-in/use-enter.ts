import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterOutputs } from "@trpc/server";
import { trpc } from "../../api/trpc.ts";

export type SignedIn = inferRouterOutputs<AppRouter>["auth"]["signInWithCode"];

/** Goes on as somebody who has just signed in; nothing of whoever was there before is kept. */
export function useEnter(next = "/servers"): (signedIn: SignedIn) => void {
  const queryClient = useQueryClient();
  const router = useRouter();
  return ({ account, me }) => {
    queryClient.clear();
    queryClient.setQueryData(trpc.auth.state.queryKey(), { needsSetup: false, account, me });
    router.history.replace(next);
  };
}

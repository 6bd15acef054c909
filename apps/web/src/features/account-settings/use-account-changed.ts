import { useQueryClient } from "@tanstack/react-query";
import { trpc } from "../../api/trpc.ts";

/** Reads the account again, after it was changed. */
export function useAccountChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries(trpc.account.pathFilter());
}

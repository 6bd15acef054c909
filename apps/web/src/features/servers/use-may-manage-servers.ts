import { useQuery } from "@tanstack/react-query";
import { trpc } from "../../api/trpc.ts";

/** Whether who is signed in may change the org's servers. */
export function useMayManageServers(): boolean {
  const { data } = useQuery(trpc.orgs.current.queryOptions());
  return data?.role === "owner" || data?.role === "admin";
}

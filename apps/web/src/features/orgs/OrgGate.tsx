import { useQuery } from "@tanstack/react-query";
import { useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { toApiError } from "../../api/api-error.ts";
import { trpc } from "../../api/trpc.ts";
import { ClosingBanner } from "./ClosingBanner.tsx";
import { OrgBlocked } from "./OrgBlocked.tsx";
import { isWithoutOrg } from "./pages-without-org.ts";

/** What the org lets somebody see: its pages, or why it does not let them in. */
export function OrgGate({ children }: { children: ReactNode }) {
  const path = useLocation({ select: ({ pathname }) => pathname });
  const { data, error } = useQuery(trpc.orgs.current.queryOptions());
  const code = error === null ? null : toApiError(error).code;
  if (!isWithoutOrg(path) && (code === "ADDRESS_REFUSED" || code === "MFA_REQUIRED")) {
    return <OrgBlocked code={code} message={toApiError(error).message} />;
  }
  return (
    <>
      {data !== undefined && data.deleteAtMs !== null && (
        <ClosingBanner deleteAtMs={data.deleteAtMs} isOwner={data.role === "owner"} />
      )}
      {children}
    </>
  );
}

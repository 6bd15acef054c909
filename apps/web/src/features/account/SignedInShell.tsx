import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { onSignedOut } from "../../api/query-client.ts";
import { trpc } from "../../api/trpc.ts";
import { ChangeFeed } from "../../live/change-feed.ts";
import { classes } from "../../ui/classes.ts";
import { Toasts } from "../../ui/Toasts.tsx";
import { toasts } from "../../ui/toasts.ts";
import { ConnectionBar } from "../connection/ConnectionBar.tsx";
import { OrgGate } from "../orgs/OrgGate.tsx";
import { Navigation } from "./Navigation.tsx";
import { NoOrgHeader } from "./NoOrgHeader.tsx";
import { StepUpDialog } from "./StepUpDialog.tsx";

const who = JSON.stringify(trpc.auth.state.queryKey()[0]);

function isWho(queryKey: readonly unknown[]): boolean {
  return JSON.stringify(queryKey[0]) === who;
}

/** What every page has around it for somebody who is signed in, and the one live connection to the platform. */
export function SignedInShell() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const state = useQuery(trpc.auth.state.queryOptions());
  const isSignedIn = (state.data?.account ?? null) !== null;
  const orgId = state.data?.me?.orgId;
  const isInOrg = orgId !== undefined;
  useEffect(() => {
    if (!isInOrg) return;
    const feed = new ChangeFeed(queryClient);
    feed.start();
    return () => feed.stop();
  }, [isInOrg, queryClient]);
  const [shownOrgId, setShownOrgId] = useState(orgId);
  useEffect(() => {
    if (!isSignedIn || shownOrgId === orgId) return;
    // Another org, here or in another tab, or none any more: nothing of the one before may stay, not even as an address.
    queryClient.removeQueries({ predicate: ({ queryKey }) => !isWho(queryKey) });
    void navigate({ to: orgId === undefined ? "/no-organization" : "/servers", replace: true }).then(() =>
      setShownOrgId(orgId),
    );
  }, [isSignedIn, navigate, orgId, queryClient, shownOrgId]);
  useEffect(() => {
    const leave = () => {
      queryClient.setQueryData(trpc.auth.state.queryKey(), { needsSetup: false, account: null, me: null });
      toasts.show(t("auth.signedOut"));
      void navigate({ to: "/sign-in", search: { next: window.location.pathname } });
    };
    // A call may have been under way with the old token while the session got a new one.
    const look = async () => {
      const { account, me } = await queryClient.fetchQuery({ ...trpc.auth.state.queryOptions(), staleTime: 0 });
      if (account === null) leave();
      else if (me !== null) await queryClient.invalidateQueries();
    };
    return onSignedOut(() => void look().catch(leave));
  }, [navigate, queryClient, t]);
  return (
    <div className={classes("flex min-h-dvh flex-col", isInOrg && "lg:flex-row")}>
      <a
        href="#main"
        className="fixed start-2 top-2 z-50 -translate-y-16 rounded-md bg-accent px-3 py-2 text-sm text-accent-ink focus:translate-y-0"
      >
        {t("common.skipToContent")}
      </a>
      {isInOrg ? <Navigation /> : <NoOrgHeader />}
      <div className="flex min-w-0 flex-1 flex-col">
        {isInOrg && <ConnectionBar />}
        <main
          id="main"
          tabIndex={-1}
          className="mx-auto w-full max-w-6xl flex-1 px-4 py-6 outline-none sm:px-6 lg:px-8"
        >
          {shownOrgId === orgId &&
            (isInOrg ? (
              <OrgGate>
                <Outlet />
              </OrgGate>
            ) : (
              <Outlet />
            ))}
        </main>
      </div>
      <StepUpDialog />
      <Toasts />
    </div>
  );
}

// oxlint-disable typescript/only-throw-error -- the router's way to send somebody elsewhere
import { createRootRoute, createRoute, lazyRouteComponent, notFound, redirect } from "@tanstack/react-router";
import * as z from "zod";
import { queryClient } from "../api/query-client.ts";
import { trpc } from "../api/trpc.ts";
import { SignedInShell } from "../features/account/SignedInShell.tsx";
import { isWithoutOrg } from "../features/orgs/pages-without-org.ts";
import { SettingsShell } from "../features/settings/SettingsShell.tsx";
import { FailedPage } from "../pages/FailedPage.tsx";
import { NotFound } from "../app/NotFound.tsx";
import { idParam } from "./id-param.ts";

const root = createRootRoute({ notFoundComponent: NotFound, errorComponent: FailedPage });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad() {
    throw redirect({ to: "/servers", replace: true });
  },
});

const setUp = createRoute({
  getParentRoute: () => root,
  path: "/set-up",
  validateSearch: z.object({ token: z.string().optional().catch(undefined) }),
  component: lazyRouteComponent(() => import("../pages/SetUpPage.tsx"), "SetUpPage"),
});

/** A path of this console and nothing else: never a way to another site. */
const ownPath = z.string().regex(/^\/(?![/\\])/);

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: z.object({ next: ownPath.optional().catch(undefined) }),
  component: lazyRouteComponent(() => import("../pages/SignInPage.tsx"), "SignInPage"),
});

const acceptInvitation = createRoute({
  getParentRoute: () => root,
  path: "/invitations/accept",
  component: lazyRouteComponent(() => import("../pages/AcceptInvitationPage.tsx"), "AcceptInvitationPage"),
});

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: lazyRouteComponent(() => import("../pages/ForgotPasswordPage.tsx"), "ForgotPasswordPage"),
});

const resetPassword = createRoute({
  getParentRoute: () => root,
  path: "/reset-password",
  component: lazyRouteComponent(() => import("../pages/ResetPasswordPage.tsx"), "ResetPasswordPage"),
});

const emailLink = createRoute({
  getParentRoute: () => root,
  path: "/email-link",
  component: lazyRouteComponent(() => import("../pages/EmailLinkPage.tsx"), "EmailLinkPage"),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up",
  component: lazyRouteComponent(() => import("../pages/SignUpPage.tsx"), "SignUpPage"),
});

/** Everything below needs somebody who is signed in. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: SignedInShell,
  async beforeLoad({ location }) {
    const { account: whose, me, needsSetup } = await queryClient.ensureQueryData(trpc.auth.state.queryOptions());
    if (needsSetup) throw redirect({ to: "/set-up", replace: true });
    if (whose === null) throw redirect({ to: "/sign-in", search: { next: location.href }, replace: true });
    if (me === null && !isWithoutOrg(location.pathname)) throw redirect({ to: "/no-organization", replace: true });
  },
});

/** For an account that is in no org: every page of one leads here. */
const noOrganization = createRoute({
  getParentRoute: () => signedIn,
  path: "/no-organization",
  component: lazyRouteComponent(() => import("../pages/NoOrgPage.tsx"), "NoOrgPage"),
  async beforeLoad() {
    const { me } = await queryClient.ensureQueryData(trpc.auth.state.queryOptions());
    if (me !== null) throw redirect({ to: "/servers", replace: true });
  },
});

const servers = createRoute({
  getParentRoute: () => signedIn,
  path: "/servers",
  component: lazyRouteComponent(() => import("../pages/ServersPage.tsx"), "ServersPage"),
});

const server = createRoute({
  getParentRoute: () => signedIn,
  path: "/servers/$serverId",
  params: { parse: ({ serverId }) => ({ serverId: idParam("server", serverId) }), stringify: (params) => params },
  component: lazyRouteComponent(() => import("../pages/ServerPage.tsx"), "ServerPage"),
});

const workspaces = createRoute({
  getParentRoute: () => signedIn,
  path: "/workspaces",
  component: lazyRouteComponent(() => import("../pages/WorkspacesPage.tsx"), "WorkspacesPage"),
});

const workspace = createRoute({
  getParentRoute: () => signedIn,
  path: "/workspaces/$workspaceId",
  params: {
    parse: ({ workspaceId }) => ({ workspaceId: idParam("workspace", workspaceId) }),
    stringify: (params) => params,
  },
  component: lazyRouteComponent(() => import("../pages/WorkspacePage.tsx"), "WorkspacePage"),
});

const project = createRoute({
  getParentRoute: () => signedIn,
  path: "/projects/$projectId",
  params: { parse: ({ projectId }) => ({ projectId: idParam("project", projectId) }), stringify: (params) => params },
  component: lazyRouteComponent(() => import("../pages/ProjectPage.tsx"), "ProjectPage"),
});

const orgQuota = createRoute({
  getParentRoute: () => signedIn,
  path: "/quotas",
  component: lazyRouteComponent(() => import("../pages/QuotaPage.tsx"), "OrgQuotaPage"),
});

const quota = createRoute({
  getParentRoute: () => signedIn,
  path: "/quotas/$nodeId",
  params: {
    parse: ({ nodeId }) => ({
      nodeId: idParam(nodeId.startsWith("ws_") ? "workspace" : nodeId.startsWith("prj_") ? "project" : "org", nodeId),
    }),
    stringify: (params) => params,
  },
  component: lazyRouteComponent(() => import("../pages/QuotaPage.tsx"), "QuotaPage"),
});

const run = createRoute({
  getParentRoute: () => signedIn,
  path: "/runs/$taskId",
  params: { parse: ({ taskId }) => ({ taskId: idParam("task", taskId) }), stringify: (params) => params },
  component: lazyRouteComponent(() => import("../pages/RunPage.tsx"), "RunPage"),
});

const settings = createRoute({ getParentRoute: () => signedIn, path: "/settings", component: SettingsShell });

const settingsHome = createRoute({
  getParentRoute: () => settings,
  path: "/",
  beforeLoad() {
    throw redirect({ to: "/settings/organization", replace: true });
  },
});

const organization = createRoute({
  getParentRoute: () => settings,
  path: "/organization",
  component: lazyRouteComponent(() => import("../pages/OrganizationPage.tsx"), "OrganizationPage"),
});

const members = createRoute({
  getParentRoute: () => settings,
  path: "/members",
  component: lazyRouteComponent(() => import("../pages/MembersPage.tsx"), "MembersPage"),
});

const audit = createRoute({
  getParentRoute: () => settings,
  path: "/audit",
  component: lazyRouteComponent(() => import("../pages/AuditPage.tsx"), "AuditPage"),
});

const rateLimits = createRoute({
  getParentRoute: () => settings,
  path: "/rate-limits",
  component: lazyRouteComponent(() => import("../pages/RateLimitsPage.tsx"), "RateLimitsPage"),
});

const operator = createRoute({
  getParentRoute: () => signedIn,
  path: "/operator",
  component: lazyRouteComponent(() => import("../pages/OperatorPage.tsx"), "OperatorPage"),
  async beforeLoad() {
    const { isOperator } = await queryClient.ensureQueryData(trpc.operator.standing.queryOptions());
    if (!isOperator) throw notFound();
  },
});

const invitations = createRoute({
  getParentRoute: () => settings,
  path: "/invitations",
  component: lazyRouteComponent(() => import("../pages/InvitationsPage.tsx"), "InvitationsPage"),
});

const account = createRoute({
  getParentRoute: () => settings,
  path: "/account",
  component: lazyRouteComponent(() => import("../pages/AccountPage.tsx"), "AccountPage"),
});

const serviceAccounts = createRoute({
  getParentRoute: () => settings,
  path: "/service-accounts",
  component: lazyRouteComponent(() => import("../pages/ServiceAccountsPage.tsx"), "ServiceAccountsPage"),
});

/** What is no page of the console, with the way back around it. */
const anythingElse = createRoute({ getParentRoute: () => signedIn, path: "$", component: NotFound });

/** Every page of the console. */
export const routeTree = root.addChildren([
  home,
  setUp,
  signIn,
  acceptInvitation,
  forgotPassword,
  resetPassword,
  emailLink,
  signUp,
  signedIn.addChildren([
    servers,
    server,
    workspaces,
    workspace,
    project,
    orgQuota,
    quota,
    run,
    settings.addChildren([
      settingsHome,
      account,
      organization,
      members,
      serviceAccounts,
      invitations,
      audit,
      rateLimits,
    ]),
    operator,
    noOrganization,
    anythingElse,
  ]),
]);

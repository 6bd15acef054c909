import { archivesRouter } from "./archives/router.ts";
import { auditRouter } from "./audit/router.ts";
import { accountRouter } from "./auth/account-router.ts";
import { authRouter } from "./auth/router.ts";
import { eventsRouter } from "./events/router.ts";
import { invitationsRouter } from "./invitations/router.ts";
import { membersRouter } from "./members/router.ts";
import { operatorRouter } from "./operator/router.ts";
import { orgsRouter } from "./orgs/router.ts";
import { projectsRouter } from "./projects/router.ts";
import { quotasRouter } from "./quotas/router.ts";
import { ratesRouter } from "./rates/router.ts";
import { serversRouter } from "./servers/router.ts";
import { sharingRouter } from "./sharing/router.ts";
import { tasksRouter } from "./tasks/router.ts";
import { telemetryRouter } from "./telemetry/router.ts";
import { router } from "./trpc.ts";
import { updatesRouter } from "./updates/router.ts";
import { workspacesRouter } from "./workspaces/router.ts";

export const appRouter = router({
  auth: authRouter,
  account: accountRouter,
  orgs: orgsRouter,
  members: membersRouter,
  invitations: invitationsRouter,
  servers: serversRouter,
  sharing: sharingRouter,
  updates: updatesRouter,
  workspaces: workspacesRouter,
  projects: projectsRouter,
  quotas: quotasRouter,
  archives: archivesRouter,
  tasks: tasksRouter,
  telemetry: telemetryRouter,
  events: eventsRouter,
  audit: auditRouter,
  rates: ratesRouter,
  operator: operatorRouter,
});

export type AppRouter = typeof appRouter;

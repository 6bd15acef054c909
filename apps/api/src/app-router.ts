import { archivesRouter } from "./archives/router.ts";
import { authRouter } from "./auth/router.ts";
import { eventsRouter } from "./events/router.ts";
import { membersRouter } from "./members/router.ts";
import { orgsRouter } from "./orgs/router.ts";
import { projectsRouter } from "./projects/router.ts";
import { quotasRouter } from "./quotas/router.ts";
import { serversRouter } from "./servers/router.ts";
import { serviceAccountsRouter } from "./service-accounts/router.ts";
import { tasksRouter } from "./tasks/router.ts";
import { telemetryRouter } from "./telemetry/router.ts";
import { router } from "./trpc.ts";
import { updatesRouter } from "./updates/router.ts";
import { workspacesRouter } from "./workspaces/router.ts";

export const appRouter = router({
  auth: authRouter,
  orgs: orgsRouter,
  members: membersRouter,
  serviceAccounts: serviceAccountsRouter,
  servers: serversRouter,
  updates: updatesRouter,
  workspaces: workspacesRouter,
  projects: projectsRouter,
  quotas: quotasRouter,
  archives: archivesRouter,
  tasks: tasksRouter,
  telemetry: telemetryRouter,
  events: eventsRouter,
});

export type AppRouter = typeof appRouter;

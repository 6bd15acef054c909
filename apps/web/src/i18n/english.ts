import archives from "./en/archives.json" with { type: "json" };
import auth from "./en/auth.json" with { type: "json" };
import common from "./en/common.json" with { type: "json" };
import connection from "./en/connection.json" with { type: "json" };
import content from "./en/content.json" with { type: "json" };
import errors from "./en/errors.json" with { type: "json" };
import members from "./en/members.json" with { type: "json" };
import policy from "./en/policy.json" with { type: "json" };
import projects from "./en/projects.json" with { type: "json" };
import quotas from "./en/quotas.json" with { type: "json" };
import runs from "./en/runs.json" with { type: "json" };
import servers from "./en/servers.json" with { type: "json" };
import serviceAccounts from "./en/service-accounts.json" with { type: "json" };
import settings from "./en/settings.json" with { type: "json" };
import telemetry from "./en/telemetry.json" with { type: "json" };
import updates from "./en/updates.json" with { type: "json" };
import workspaces from "./en/workspaces.json" with { type: "json" };

/** Every text of the console. The type of this object is the type of every key. */
export const english = {
  archives,
  auth,
  common,
  connection,
  content,
  errors,
  members,
  policy,
  projects,
  quotas,
  runs,
  servers,
  serviceAccounts,
  settings,
  telemetry,
  updates,
  workspaces,
};

import account from "./en/account.json" with { type: "json" };
import archives from "./en/archives.json" with { type: "json" };
import audit from "./en/audit.json" with { type: "json" };
import auth from "./en/auth.json" with { type: "json" };
import common from "./en/common.json" with { type: "json" };
import connection from "./en/connection.json" with { type: "json" };
import content from "./en/content.json" with { type: "json" };
import errors from "./en/errors.json" with { type: "json" };
import members from "./en/members.json" with { type: "json" };
import operator from "./en/operator.json" with { type: "json" };
import invitations from "./en/invitations.json" with { type: "json" };
import orgs from "./en/orgs.json" with { type: "json" };
import policy from "./en/policy.json" with { type: "json" };
import projects from "./en/projects.json" with { type: "json" };
import quotas from "./en/quotas.json" with { type: "json" };
import rates from "./en/rates.json" with { type: "json" };
import runs from "./en/runs.json" with { type: "json" };
import serverCare from "./en/server-care.json" with { type: "json" };
import servers from "./en/servers.json" with { type: "json" };
import settings from "./en/settings.json" with { type: "json" };
import sharing from "./en/sharing.json" with { type: "json" };
import telemetry from "./en/telemetry.json" with { type: "json" };
import updates from "./en/updates.json" with { type: "json" };
import workspaces from "./en/workspaces.json" with { type: "json" };

/** Every text of the console. The type of this object is the type of every key. */
export const english = {
  account,
  archives,
  audit,
  auth,
  common,
  connection,
  content,
  errors,
  members,
  operator,
  invitations,
  orgs,
  policy,
  projects,
  quotas,
  rates,
  runs,
  serverCare,
  servers,
  settings,
  sharing,
  telemetry,
  updates,
  workspaces,
};

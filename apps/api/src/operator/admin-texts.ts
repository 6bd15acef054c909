import { mebibyte, secondMs } from "@quarterdeck/core/units";
import type { AccountSummary, OperatedOrg, PlatformHealth } from "./views.ts";

// What `quarterdeck admin` prints.

export function describeAccounts(accounts: readonly AccountSummary[]): string {
  const rows = accounts.map(({ userId, email, createdAtMs, isOperator, orgs }) => {
    const role = isOperator ? "  operator" : "";
    return `${userId}  ${day(createdAtMs)}  ${email}  ${orgs} ${orgs === 1 ? "org" : "orgs"}${role}`;
  });
  return rows.length === 0 ? "There is no account yet: use the link that the platform printed." : rows.join("\n");
}

export function describeOrgs(orgs: readonly OperatedOrg[]): string {
  const rows = orgs.map(({ orgId, name, plan, createdAtMs, deleteAtMs, members, servers, workspaces, projects }) => {
    const uses = `${members} members, ${servers} servers, ${workspaces} workspaces, ${projects} projects`;
    return `${orgId}  ${day(createdAtMs)}  ${plan.padEnd(10)}  ${name}: ${uses}${deleteAtMs === null ? "" : `; DELETED ON ${day(deleteAtMs)}`}`;
  });
  return rows.length === 0 ? "There is no org yet." : rows.join("\n");
}

export function describeHealth(health: PlatformHealth): string {
  const { atMs, database, relay, outbox, housekeeping, audit, versions } = health;
  const age = (sinceMs: number) => `${Math.max(0, Math.round((atMs - sinceMs) / secondMs))} s`;
  const size = database.sizeBytes === null ? "" : `, ${(database.sizeBytes / mebibyte).toFixed(1)} MiB`;
  const bridges = versions.bridges.map(({ version, servers }) => `${version} on ${servers}`).join(", ");
  return [
    `database      answers in ${database.latencyMs} ms${size}`,
    `relay         ${relay.isReachable ? `answers in ${relay.latencyMs} ms` : "DOES NOT ANSWER: look at its log"}`,
    `outbox        ${outbox.waiting} waiting`,
    ...outbox.worst.map(
      (row) => `              ${row.serverId}: ${row.waiting}, the oldest for ${age(row.oldestAtMs)}`,
    ),
    `housekeeping  ${describeHousekeeping(housekeeping, age)}`,
    `audit         ${audit.unchained} entries to chain${audit.oldestAtMs === null ? "" : `, the oldest for ${age(audit.oldestAtMs)}`}`,
    `versions      API ${versions.api}, console ${versions.console ?? "not served here"}, relay's protocol ${versions.relayProtocol ?? "unknown"} (ours ${versions.apiProtocol})`,
    `bridges       ${bridges === "" ? "none" : bridges}; offered ${versions.offeredBridge ?? "none"}`,
  ].join("\n");
}

function describeHousekeeping(last: PlatformHealth["housekeeping"], age: (sinceMs: number) => string): string {
  if (last === null) return "has not ended yet since the start";
  return last.isOk ? `done ${age(last.atMs)} ago` : `FAILED ${age(last.atMs)} ago: look at the API's log`;
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

import { newId } from "../test-api.ts";
import type { Ids, Json } from "./world.ts";

/** A valid input of each procedure that takes ids; the matrix replaces one id at a time. */
export const inputs: Record<string, (ids: Ids) => Json[]> = {
  "orgs.transfer": ({ memberId }) => [{ userId: memberId }],
  "invitations.resend": ({ invitationId }) => [{ invitationId }],
  "invitations.revoke": ({ invitationId }) => [{ invitationId }],
  "members.remove": ({ memberId }) => [{ userId: memberId }],
  "members.setRole": ({ memberId }) => [{ userId: memberId, role: "viewer" }],
  "members.setGrant": ({ memberId, workspaceId, projectId }) =>
    [workspaceId, projectId].map((placeId) => ({ userId: memberId, placeId, role: "viewer" })),
  "members.removeGrant": ({ memberId, workspaceId, projectId }) =>
    [workspaceId, projectId].map((placeId) => ({ userId: memberId, placeId })),
  "members.whoMay": ({ orgId, workspaceId, projectId }) =>
    [orgId, workspaceId, projectId].map((placeId) => ({ permission: "tasks.run", placeId })),
  "servers.get": ({ serverId }) => [{ serverId }],
  "servers.rename": ({ serverId }) => [{ serverId, name: "Renamed" }],
  "servers.acknowledgeAuditAlert": ({ serverId }) => [{ serverId, seq: 1, atMs: 1 }],
  "servers.limitFindings": ({ serverId }) => [{ serverId }],
  "servers.acknowledgeLimitAlert": ({ serverId }) => [{ serverId, atMs: 1 }],
  "servers.revoke": ({ serverId }) => [{ serverId }],
  "sharing.given": ({ serverId }) => [{ serverId }],
  "sharing.offer": ({ serverId }) => [{ serverId, label: "Hall", limits: {}, weight: 1 }],
  "sharing.change": ({ shareId }) => [{ shareId, limits: {}, weight: 1 }],
  "sharing.withdraw": ({ shareId }) => [{ shareId, cancelsRuns: true }],
  "servers.cordon": ({ serverId }) => [{ serverId }],
  "servers.uncordon": ({ serverId }) => [{ serverId }],
  "servers.drain": ({ serverId }) => [{ serverId, cancelsRuns: true }],
  "servers.setLabels": ({ serverId }) => [{ serverId, labels: ["x"] }],
  "servers.revokeEnrolment": ({ enrolmentId }) => [{ enrolmentId }],
  "servers.enrolment": ({ enrolmentId }) => [{ enrolmentId }],
  "servers.viewerTicket": ({ serverId, workspaceId, runId }) => [
    { serverId, telemetry: true, runIds: [runId] },
    { serverId, telemetry: false, workspaceIds: [workspaceId], runIds: [] },
    { serverId, telemetry: false, runIds: [], inputRunIds: [runId] },
  ],
  "updates.updateServer": ({ serverId }) => [{ serverId }],
  "updates.updateAll": ({ serverId }) => [{ firstServerId: serverId }],
  "updates.stop": ({ rolloutId }) => [{ rolloutId }],
  "workspaces.get": ({ workspaceId }) => [{ workspaceId }],
  "workspaces.freeze": ({ workspaceId }) => [{ workspaceId }],
  "workspaces.thaw": ({ workspaceId }) => [{ workspaceId }],
  "workspaces.create": ({ serverId }) => [{ serverId, name: "New" }],
  "projects.list": ({ workspaceId }) => [{ workspaceId }],
  "projects.get": ({ projectId }) => [{ projectId }],
  "projects.createFromGit": ({ workspaceId }) => [{ workspaceId, name: "new", url: "https://example.com/new.git" }],
  "projects.retryClone": ({ projectId }) => [{ projectId }],
  "projects.setTestCommand": ({ projectId }) => [{ projectId, program: "npm", args: [] }],
  "projects.setNetwork": ({ projectId }) => [{ projectId, network: { mode: "none", hosts: [] } }],
  "projects.setPrograms": ({ projectId }) => [{ projectId, added: ["deno"], installScripts: true }],
  "archives.ofProject": ({ projectId }) => [{ projectId }],
  "archives.ofWorkspace": ({ workspaceId }) => [{ workspaceId }],
  "archives.archiveProject": ({ projectId }) => [{ projectId }],
  "archives.archiveWorkspace": ({ workspaceId }) => [{ workspaceId }],
  "archives.restoreProject": ({ projectId, runId }) => [{ projectId, archiveId: runId, replaces: true }],
  "archives.restoreWorkspace": ({ workspaceId, workspaceArchiveId: archiveId }) => [
    { workspaceId, archiveId, replaces: true },
  ],
  "archives.deleteOfProject": ({ projectId, runId }) => [{ projectId, archiveId: runId }],
  "archives.deleteOfWorkspace": ({ workspaceId, workspaceArchiveId: archiveId }) => [{ workspaceId, archiveId }],
  "archives.setKeptOfProject": ({ projectId }) => [{ projectId, keeps: 1 }],
  "archives.setKeptOfWorkspace": ({ workspaceId }) => [{ workspaceId, keeps: 1 }],
  "quotas.get": (ids) => quotaNodes(ids),
  "quotas.set": (ids) => quotaNodes(ids).map((node) => ({ ...node, limits: { cpu: 1000 } })),
  "quotas.setOvercommit": (ids) => quotaNodes(ids).map((node) => ({ ...node, isOvercommitted: true })),
  "quotas.setWeight": (ids) => quotaNodes(ids).map((node) => ({ ...node, weight: 2 })),
  "quotas.history": (ids) => quotaNodes(ids),
  "quotas.setLifecycle": ({ projectId }) => [{ projectId, state: "suspended" }],
  "quotas.undo": (ids) => quotaNodes(ids).map((node) => ({ ...node, historyId: 1 })),
  "quotas.evidence": (ids) => quotaNodes(ids),
  "quotas.evidenceHistory": (ids) => quotaNodes(ids),
  "telemetry.history": ({ serverId, workspaceId, projectId }) =>
    [serverId, workspaceId, projectId].map((nodeId) => ({ nodeId, span: "day" })),
  "tasks.submit": ({ workspaceId, projectId, runId, taskId }) => [
    { ...submission(), workspaceId, projectId, action: "exec", params: { program: "echo", args: [] }, after: [taskId] },
    {
      ...submission(),
      workspaceId,
      projectId: null,
      action: "task.log",
      params: { runId, fromOffset: 0, maxBytes: 1 },
    },
  ],
  "tasks.list": ({ workspaceId, projectId, serverId, taskId }) => [
    { workspaceId, projectId, serverId, cursor: taskId },
  ],
  "tasks.get": ({ taskId }) => [{ taskId }],
  "tasks.cancel": ({ taskId }) => [{ taskId }],
  "tasks.setPriority": ({ taskId }) => [{ taskId, priority: "high" }],
  "tasks.resolveOutcome": ({ taskId }) => [{ taskId, outcome: "runAgain" }],
};

function quotaNodes({ orgId, workspaceId, projectId }: Ids): { nodeId: string }[] {
  return [orgId, workspaceId, projectId].map((nodeId) => ({ nodeId }));
}

/** A new one for each, because the client makes it. */
const submission = () => ({ taskId: newId("task") });

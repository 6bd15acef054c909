import type { ChainId } from "@quarterdeck/core/audit/chain";
import type { Effect } from "@quarterdeck/core/actions/catalogue";
import type { TaskDemand } from "@quarterdeck/core/actions/task-demand";
import type {
  CommandId,
  EnrolmentId,
  Id,
  OrgId,
  ProjectId,
  RolloutId,
  RunId,
  ServerId,
  TaskId,
  UserId,
  WorkspaceId,
} from "@quarterdeck/core/ids";
import type { ProjectPrograms } from "@quarterdeck/core/programs/project-programs";
import type { HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { Priority } from "@quarterdeck/core/protocol/command";
import type { EvidenceReport, LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import type { Verdict } from "@quarterdeck/core/protocol/result";
import type { LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import { defaultArchivesKept, type ArchivedProject } from "@quarterdeck/core/protocol/archive-report";
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { Role } from "../auth/permissions.ts";
import type { Removal } from "../archives/views.ts";
import type { ContentOwner } from "../content/stream-key-repo.ts";
import type { ChangeKind } from "../events/views.ts";
import type { NodeQuota, QuotaNodeId } from "../quotas/views.ts";
import type { ProjectNetwork, ProjectState, StoredRepository, TestCommand } from "../projects/views.ts";
import type { ConnectionAlert, ServerStatus } from "../servers/views.ts";
import type { TelemetryNodeId } from "../telemetry/views.ts";
import type { RolloutState, UpdateState } from "../updates/views.ts";
import type { ResolutionOutcome, RunState, TaskParams } from "../tasks/views.ts";

export const orgs = sqliteTable("orgs", {
  orgId: text().$type<OrgId>().primaryKey(),
  name: text().notNull(),
  createdAtMs: integer().notNull(),
  /** When the first account took it; until then it only holds this machine. */
  claimedAtMs: integer(),
  /** How much it may do: its request tier. */
  plan: text().$type<PlanName>().notNull().default("enterprise"),
  /** Rises when a member is removed: from then on content is sealed with other keys. */
  contentEpoch: integer().notNull().default(1),
});

/** What content is sealed with: of a project or of a workspace's own runs, in one epoch. Sealed with the master key. */
export const streamKeys = sqliteTable(
  "stream_keys",
  {
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    ownerId: text().$type<ContentOwner>().notNull(),
    epoch: integer().notNull(),
    sealedKey: text().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.ownerId, table.epoch] })],
);

export const users = sqliteTable("users", {
  userId: text().$type<UserId>().primaryKey(),
  email: text().notNull().unique(),
  passwordHash: text().notNull(),
  createdAtMs: integer().notNull(),
});

export const members = sqliteTable(
  "members",
  {
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    role: text().$type<Role>().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.userId] }),
    index("members_by_user").on(table.userId), // reading who a session belongs to
  ],
);

/** Sign-in sessions. The token itself is never stored. */
export const authSessions = sqliteTable(
  "auth_sessions",
  {
    tokenHash: text().primaryKey(),
    userId: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    expiresAtMs: integer().notNull(),
    createdAtMs: integer().notNull(),
    address: text().notNull(),
  },
  (table) => [
    index("auth_sessions_by_user").on(table.userId), // signing a user out everywhere
    index("auth_sessions_by_expiry").on(table.expiresAtMs), // deleting what has expired
  ],
);

/** Attempts of one key (an account from an address, an address) in its current window. */
export const attempts = sqliteTable(
  "attempts",
  { key: text().primaryKey(), count: integer().notNull(), windowEndsAtMs: integer().notNull() },
  (table) => [index("attempts_by_end").on(table.windowEndsAtMs)], // deleting what is over
);

/** The one link that makes the first account; a new one at each start while nobody has used it. */
export const setupTokens = sqliteTable("setup_tokens", {
  tokenHash: text().primaryKey(),
  orgId: text()
    .$type<OrgId>()
    .notNull()
    .references(() => orgs.orgId),
  usedAtMs: integer(),
});

export const servers = sqliteTable(
  "servers",
  {
    serverId: text().$type<ServerId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    name: text().notNull(),
    isThisMachine: integer({ mode: "boolean" }).notNull(),
    publicKey: text().notNull().unique(),
    keyFingerprint: text().notNull(),
    /** The bridge's X25519 key: what is for its eyes only is sealed for it. */
    sealingKey: text().notNull().default(""),
    status: text().$type<ServerStatus>().notNull(),
    statusSinceMs: integer().notNull(),
    /** Until when the relay refuses its bridge, which sent more than it may. */
    quarantinedUntilMs: integer(),
    capabilities: text({ mode: "json" }).$type<Capabilities>(),
    bootId: text(),
    createdAtMs: integer().notNull(),
    /** The position of the newest outbox entry, and of the newest that the relay has stored. */
    outboxHead: integer().notNull().default(0),
    outboxThrough: integer().notNull().default(0),
    /** The newest version of the platform's keys that its bridge has, and what its relay object was told last about them. */
    keysVersion: integer().notNull().default(1),
    trustMark: text(),
    /** When it was removed: its key counts for nothing from then on. */
    revokedAtMs: integer(),
    /** Why its bridge was not let in, or what is wrong with its key. */
    connectionAlert: text({ mode: "json" }).$type<ConnectionAlert>(),
    /** The newest report of the relay that is recorded, and the mark of the write that recorded it. */
    reportSeq: integer().notNull().default(0),
    reportMark: text(),
    /** Which numbering of the relay's that number is of. */
    reportStream: text(),
    /** SHA-256 of that report: another one under its number is of an old copy of the relay's storage. */
    reportHash: text(),
  },
  (table) => [
    index("servers_by_org").on(table.orgId, table.createdAtMs), // listing
    index("servers_with_outbox").on(table.outboxThrough, table.outboxHead), // the drainer's look for work
  ],
);

/** Numberings of reports that a later one has followed: nothing of them counts any more. */
export const endedReportStreams = sqliteTable(
  "ended_report_streams",
  {
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    stream: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.serverId, table.stream] })],
);

export const enrolments = sqliteTable(
  "enrolments",
  {
    enrolmentId: text().$type<EnrolmentId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    tokenHash: text().notNull().unique(),
    /** The name that the server gets; without one its host name. */
    name: text(),
    isThisMachine: integer({ mode: "boolean" }).notNull(),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
    usedAtMs: integer(),
    serverId: text().$type<ServerId>(),
  },
  (table) => [index("enrolments_by_org").on(table.orgId)],
);

export const workspaces = sqliteTable(
  "workspaces",
  {
    workspaceId: text().$type<WorkspaceId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    name: text().notNull(),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    /** How many archives of it as a whole are kept. */
    archivesKept: integer().notNull().default(defaultArchivesKept),
    createdAtMs: integer().notNull(),
  },
  (table) => [uniqueIndex("workspaces_by_name").on(table.orgId, table.name)],
);

export const projects = sqliteTable(
  "projects",
  {
    projectId: text().$type<ProjectId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    name: text().notNull(),
    url: text().notNull(),
    branch: text(),
    repository: text({ mode: "json" }).$type<StoredRepository>(),
    state: text().$type<ProjectState>().notNull(),
    cloneTaskId: text().$type<TaskId>().notNull(),
    cloneMessage: text(),
    testCommand: text({ mode: "json" }).$type<TestCommand>().notNull(),
    /** What its runs may reach. */
    network: text({ mode: "json" }).$type<ProjectNetwork>().notNull().default({ mode: "all", hosts: [] }),
    /** How much of its quota it has. */
    lifecycle: text().$type<LifecycleState>().notNull().default("active"),
    /** Which programs it has beyond those of every project, and whether install scripts run. */
    programs: text({ mode: "json" }).$type<ProjectPrograms>().notNull().default({ added: [], installScripts: false }),
    /** How many archives of it are kept. */
    archivesKept: integer().notNull().default(defaultArchivesKept),
    createdAtMs: integer().notNull(),
  },
  (table) => [uniqueIndex("projects_by_name").on(table.workspaceId, table.name)],
);

const noTasks: readonly TaskId[] = [];

/** Without values of its own, so that the index of the same name serves whoever asks with it. */
export const isFreezeTask = sql`"action" in ('workspace.freeze', 'workspace.thaw')`;

/** Likewise. The list of `archiveActions`. */
export const isArchiveTask = sql`"action" in ('project.archive', 'project.restore', 'project.deleteArchive', 'workspace.archive', 'workspace.restore', 'workspace.deleteArchive')`;

export const tasks = sqliteTable(
  "tasks",
  {
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    /** Made by the client, so it is unique within the org only. */
    taskId: text().$type<TaskId>().notNull(),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    projectId: text()
      .$type<ProjectId>()
      .references(() => projects.projectId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    action: text().notNull(),
    effect: text().$type<Effect>().notNull(),
    params: text({ mode: "json" }).$type<TaskParams>().notNull(),
    priority: text().$type<Priority>().notNull(),
    bodyHash: text().notNull(),
    /** Shown in the history. */
    isListed: integer({ mode: "boolean" }).notNull(),
    submittedBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    submittedAtMs: integer().notNull(),
    /** Its environment and standard input, sealed with the master key; deleted when nothing needs them any more. */
    secretInput: text(),
    /** The task that it repeats, because that one's outcome is unknown. */
    rerunOf: text().$type<TaskId>(),
    /** Tasks that must have succeeded before it starts. */
    after: text({ mode: "json" }).$type<readonly TaskId[]>().notNull().default(noTasks),
    /** Whether it may run beside other tasks of its project. */
    isParallel: integer({ mode: "boolean" }).notNull().default(false),
    /** What it said of its demand; null: it is as its action's. */
    demand: text({ mode: "json" }).$type<TaskDemand>(),
    /** Whether it may go on, up to its time-out, while its server has no connection. */
    isDetached: integer({ mode: "boolean" }).notNull().default(true),
  },
  (table) => [
    primaryKey({ columns: [table.orgId, table.taskId] }),
    index("tasks_by_org").on(table.orgId, table.isListed, table.submittedAtMs), // the history, newest first
    index("tasks_by_project").on(table.projectId, table.isListed, table.submittedAtMs), // a project's history
    index("tasks_with_secrets").on(table.orgId, table.taskId).where(sql`"secretInput" is not null`), // deleting what nothing needs any more
    index("tasks_freezing").on(table.workspaceId, table.submittedAtMs).where(isFreezeTask), // whether a workspace is frozen
    index("tasks_archiving").on(table.workspaceId, table.submittedAtMs).where(isArchiveTask), // what is done with archives now
    index("tasks_by_workspace").on(table.workspaceId, table.isListed, table.submittedAtMs), // a workspace's history
  ],
);

/** Without values of its own, so that the index of the same name serves whoever asks with it. */
export const isCancelOpen = sql`"cancelAskedAtMs" is not null and "state" <> 'ended'`;

export const runs = sqliteTable(
  "runs",
  {
    runId: text().$type<RunId>().primaryKey(),
    orgId: text().$type<OrgId>().notNull(),
    taskId: text().$type<TaskId>().notNull(),
    serverId: text().$type<ServerId>().notNull(),
    commandId: text().$type<CommandId>().notNull(),
    attempt: integer().notNull(),
    /** Where its command stands in the server's outbox. */
    outboxPosition: integer().notNull(),
    /** Until when its newest signature is valid. */
    expiresAtMs: integer().notNull(),
    /** The key of the bridge that it was first signed for. Null: it is from before this was recorded. */
    keyFingerprint: text(),
    state: text().$type<RunState>().notNull(),
    cancelAskedAtMs: integer(),
    /** The platform's key that signed its newest cancel, or an older one: when nobody obeys it any more, another signs. */
    cancelKey: text(),
    verdict: text().$type<Verdict>(),
    exitCode: integer(),
    signal: text(),
    code: text(),
    message: text(),
    dispatchedAtMs: integer(),
    startedAtMs: integer(),
    endedAtMs: integer(),
    /** When the relay gave it up, because its server was away for too long. What stands here may have come later. */
    leaseEndedAtMs: integer(),
    durationMs: integer(),
    outputBytes: integer(),
    outputCutBytes: integer(),
    /** Processor time that its processes used in all, and the most memory that they had at once; null: nothing counted it. */
    cpuMs: integer(),
    peakMemory: integer(),
    /** What a program said about the failure, and the last bytes of the output: both sealed, as the bridge sent them. */
    quote: text(),
    tail: text(),
    /** What someone decided about an outcome that is unknown; the verdict stays what it is. */
    resolution: text().$type<ResolutionOutcome>(),
    resolvedBy: text()
      .$type<UserId>()
      .references(() => users.userId),
    resolvedAtMs: integer(),
    /** The task that was submitted in its place. */
    rerunTaskId: text().$type<TaskId>(),
  },
  (table) => [
    uniqueIndex("runs_by_task").on(table.orgId, table.taskId, table.attempt),
    index("runs_by_server").on(table.serverId, table.state), // how many wait for a server
    index("runs_cancelling").on(table.cancelKey).where(isCancelOpen), // whose cancel is to be signed again
  ],
);

/** Archives that servers have kept, and those that are gone. */
export const archives = sqliteTable(
  "archives",
  {
    /** The run that made it. */
    archiveId: text().$type<RunId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    workspaceId: text()
      .$type<WorkspaceId>()
      .notNull()
      .references(() => workspaces.workspaceId),
    /** Null: it is of the workspace as a whole. */
    projectId: text()
      .$type<ProjectId>()
      .references(() => projects.projectId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    taskId: text().$type<TaskId>().notNull(),
    sizeBytes: integer().notNull(),
    sha256: text().notNull(),
    /** What is in that of a workspace. */
    projects: text({ mode: "json" }).$type<readonly ArchivedProject[]>().notNull(),
    /** By the server's clock. */
    madeAtMs: integer().notNull(),
    /** The newest task that is to delete it. */
    deleteTaskId: text().$type<TaskId>(),
    /** Why it is gone. Null: it is there, as far as its server has said. */
    removal: text().$type<Removal>(),
    removedAtMs: integer(),
  },
  (table) => [
    index("archives_by_owner").on(table.workspaceId, table.projectId, table.madeAtMs), // listing
  ],
);

/** The commands that were signed anew for a run (PROTOCOL 8.3). A bridge may have any of them, or the run's first. */
export const renewals = sqliteTable(
  "renewals",
  {
    commandId: text().$type<CommandId>().primaryKey(),
    runId: text()
      .$type<RunId>()
      .notNull()
      .references(() => runs.runId),
    signedAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
  },
  (table) => [index("renewals_by_run").on(table.runId)],
);

/** A version of the bridge on its way to servers: one first, then the rest in small groups. */
export const rollouts = sqliteTable(
  "rollouts",
  {
    rolloutId: text().$type<RolloutId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    version: text().notNull(),
    manifestHash: text().notNull(),
    /** Also where this package has failed before. */
    triesAgain: integer({ mode: "boolean" }).notNull(),
    state: text().$type<RolloutState>().notNull(),
    /** Why it was stopped. */
    reason: text(),
    startedBy: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    startedAtMs: integer().notNull(),
    endedAtMs: integer(),
  },
  (table) => [
    index("rollouts_by_org").on(table.orgId, table.rolloutId), // the newest
    index("rollouts_by_state").on(table.state), // the driver's look for work
  ],
);

/** The update of one server in a rollout. */
export const bridgeUpdates = sqliteTable(
  "bridge_updates",
  {
    rolloutId: text()
      .$type<RolloutId>()
      .notNull()
      .references(() => rollouts.rolloutId),
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    orgId: text().$type<OrgId>().notNull(),
    /** Its turn. */
    place: integer().notNull(),
    state: text().$type<UpdateState>().notNull(),
    fromVersion: text().notNull(),
    /** The command that asked for it. */
    runId: text().$type<RunId>(),
    commandId: text().$type<CommandId>(),
    taskId: text().$type<TaskId>(),
    sentAtMs: integer(),
    /** When the server said how it ended. */
    reportedAtMs: integer(),
    changedAtMs: integer().notNull(),
    message: text(),
  },
  (table) => [
    primaryKey({ columns: [table.rolloutId, table.serverId] }),
    index("bridge_updates_by_server").on(table.serverId, table.rolloutId), // the newest of a server
    index("bridge_updates_by_run").on(table.runId), // whose result it is
  ],
);

/**
 * Who changed what of a node's quota: of the org, a workspace or a project. The nodes themselves, what they hold and the
 * reservations are in the tables of core's ledger (`quota_nodes` and so on), which are in the migration only.
 */
export const quotaHistory = sqliteTable(
  "quota_history",
  {
    historyId: integer().primaryKey({ autoIncrement: true }),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    nodeId: text().$type<QuotaNodeId>().notNull(),
    actor: text()
      .$type<UserId>()
      .notNull()
      .references(() => users.userId),
    atMs: integer().notNull(),
    before: text({ mode: "json" }).$type<NodeQuota>().notNull(),
    after: text({ mode: "json" }).$type<NodeQuota>().notNull(),
  },
  (table) => [
    index("quota_history_by_org").on(table.orgId, table.historyId), // whether anything changed since, or ever did
    index("quota_history_by_node").on(table.orgId, table.nodeId, table.historyId), // a node's history
  ],
);

/** Nodes whose children may be given more in all than they have themselves. */
export const quotaOvercommits = sqliteTable("quota_overcommits", {
  nodeId: text().$type<QuotaNodeId>().primaryKey(),
  orgId: text()
    .$type<OrgId>()
    .notNull()
    .references(() => orgs.orgId),
});

/** How much nodes get beside their siblings when all want more than is there. Without one it is 1. */
export const quotaWeights = sqliteTable("quota_weights", {
  nodeId: text().$type<QuotaNodeId>().primaryKey(),
  orgId: text()
    .$type<OrgId>()
    .notNull()
    .references(() => orgs.orgId),
  weight: integer().notNull(),
});

/** What a server's bridge said last of its limits, and up to which finding somebody has seen what is wrong. */
export const limitReports = sqliteTable("limit_reports", {
  serverId: text()
    .$type<ServerId>()
    .primaryKey()
    .references(() => servers.serverId),
  orgId: text().$type<OrgId>().notNull(),
  /** By the bridge's clock: what was not said later than this counts for nothing. */
  saidAtMs: integer().notNull(),
  atMs: integer().notNull(),
  /** Of the write that recorded it. */
  mark: text().notNull(),
  driver: text().$type<EvidenceReport["driver"]>().notNull(),
  limited: text({ mode: "json" }).$type<LimitedResource[]>().notNull(),
  seenMismatchAtMs: integer().notNull().default(0),
});

const evidenceColumns = {
  serverId: text()
    .$type<ServerId>()
    .notNull()
    .references(() => servers.serverId),
  orgId: text().$type<OrgId>().notNull(),
  /** A workspace, project or run. */
  nodeId: text().$type<LimitEvidence["node"]>().notNull(),
  resource: text().$type<LimitedResource>().notNull(),
  wanted: integer(),
  actual: integer(),
  state: text().$type<LimitEvidence["state"]>().notNull(),
  source: text().notNull(),
  /** When it was read, by the server's clock. */
  atMs: integer().notNull(),
};

/** What the kernel of a server says of each limit, as it was read last. */
export const limitEvidence = sqliteTable(
  "limit_evidence",
  {
    ...evidenceColumns,
    /** When the platform heard first that it is so. */
    sinceMs: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.serverId, table.nodeId, table.resource] }),
    index("limit_evidence_by_node").on(table.orgId, table.nodeId), // what is shown of a node
    index("limit_mismatches").on(table.serverId, table.sinceMs).where(sql`"state" = 'mismatch'`), // what is wrong on a server
  ],
);

/** Each change of that: a limit became another, or is held otherwise than before. */
export const limitEvidenceHistory = sqliteTable(
  "limit_evidence_history",
  {
    historyId: integer().primaryKey({ autoIncrement: true }),
    ...evidenceColumns,
    /** When the platform heard of it. */
    heardAtMs: integer().notNull(),
  },
  (table) => [
    index("limit_evidence_history_by_node").on(table.orgId, table.nodeId, table.historyId), // a node's history
    index("limit_evidence_history_by_server").on(table.serverId, table.historyId), // keeping it within bounds
    index("limit_evidence_history_by_time").on(table.heardAtMs), // deleting what is old
  ],
);

/** What is to be told to a server's relay object, in one order per server. */
export const outbox = sqliteTable(
  "outbox",
  {
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    position: integer().notNull(),
    entry: text({ mode: "json" }).$type<UnplacedEntry>().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.serverId, table.position] })],
);

type Unplaced<T> = T extends unknown ? Omit<T, "position"> : never;
/** An outbox entry before it has its position. */
export type UnplacedEntry = Unplaced<OutboxEntry>;

/** What one replica must do alone: who does it, until when, and the number that fences whoever did it before. */
export const claims = sqliteTable("claims", {
  name: text().primaryKey(),
  holder: text().notNull(),
  fence: integer().notNull(),
  expiresAtMs: integer().notNull(),
});

/** What changed, for open consoles. Old rows are deleted. */
export const events = sqliteTable(
  "events",
  {
    eventId: integer().primaryKey({ autoIncrement: true }),
    orgId: text().$type<OrgId>().notNull(),
    kind: text().$type<ChangeKind>().notNull(),
    subjectId: text().notNull(),
    atMs: integer().notNull(),
  },
  (table) => [
    index("events_by_org").on(table.orgId, table.eventId), // following
    index("events_by_time").on(table.atMs), // deleting old ones
  ],
);

export const auditEntries = sqliteTable(
  "audit_entries",
  {
    entryId: text().$type<Id<"entry">>().primaryKey(),
    /** Null: the attempt belongs to no org (a wrong password, an unknown token). */
    orgId: text().$type<OrgId>(),
    atMs: integer().notNull(),
    actor: text().notNull(),
    address: text(),
    action: text().notNull(),
    subject: text(),
    outcome: text().$type<"done" | "refused">().notNull(),
    /** Why it was refused, or what was asked. Never a secret. */
    detail: text(),
    /** Its place in the org's chain, from 1, and what stands there for it and all before it. Null: it waits for its place. */
    seq: integer(),
    hash: text(),
  },
  (table) => [
    index("audit_entries_by_org").on(table.orgId, table.atMs),
    index("audit_entries_by_seq").on(table.orgId, table.seq), // verifying, and what a bridge says of one
    index("audit_entries_unchained").on(table.seq).where(sql`"seq" is null`), // the sequencer's look for work
  ],
);

/** How far the audit of an org is chained, and how far its bridges were told. */
export const auditChains = sqliteTable(
  "audit_chains",
  {
    chainId: text().$type<ChainId>().primaryKey(),
    seq: integer().notNull(),
    hash: text().notNull(),
    /** Up to where it was told, as far as there was anybody to be told, and when somebody was. */
    toldSeq: integer().notNull().default(0),
    toldAtMs: integer().notNull().default(0),
  },
  (table) => [index("audit_chains_to_tell").on(table.toldAtMs).where(sql`"seq" > "toldSeq"`)], // what is to be told
);

/** What a server's bridge has signed about the heads of its org's audit. */
export const auditWitnesses = sqliteTable("audit_witnesses", {
  serverId: text()
    .$type<ServerId>()
    .primaryKey()
    .references(() => servers.serverId),
  orgId: text().$type<OrgId>().notNull(),
  /** The newest head of which it said that it holds it, and that is in the chain; 0 while there is none. */
  seq: integer().notNull().default(0),
  hash: text().notNull().default(""),
  atMs: integer().notNull().default(0),
  /** Both sides' signatures. */
  evidence: text({ mode: "json" }).$type<HeldHeads>(),
  /** A head that it was told and that is not in the chain: somebody changed the past, or put an old copy in place. */
  conflictSeq: integer(),
  conflictHash: text(),
  conflictAtMs: integer(),
  conflictEvidence: text({ mode: "json" }).$type<HeldHeads>(),
  /** When somebody said that it was seen; null for another one that came since. */
  conflictSeenAtMs: integer(),
});

/** Servers, workspaces and projects of which there is a history, each with a short key for its many rows. */
export const telemetryNodes = sqliteTable(
  "telemetry_nodes",
  {
    nodeKey: integer().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    nodeId: text().$type<TelemetryNodeId>().notNull().unique(),
    /** The oldest minute that changed since the last roll-up; null when none did. */
    changedFromMs: integer(),
  },
  (table) => [index("telemetry_nodes_changed").on(table.changedFromMs)], // the roll-up's look for work
);

/** What a node used in a minute, a quarter of an hour or a day: sums, and the most that one reading said. */
export const telemetryPoints = sqliteTable(
  "telemetry_points",
  {
    nodeKey: integer()
      .notNull()
      .references(() => telemetryNodes.nodeKey),
    stepMs: integer().notNull(),
    atMs: integer().notNull(),
    readings: integer().notNull(),
    cpuSum: real().notNull(),
    cpuMax: integer().notNull(),
    memorySum: real().notNull(),
    memoryMax: integer().notNull(),
    diskMax: integer(),
    runsMax: integer().notNull(),
    pressureReadings: integer().notNull(),
    pressureCpuSum: real().notNull(),
    pressureMemorySum: real().notNull(),
    pressureIoSum: real().notNull(),
    /** Of servers only, from here on. */
    cpuCapacity: integer(),
    memoryTotal: integer(),
    diskTotal: integer(),
    loadSum: real(),
    receivedSum: real(),
    sentSum: real(),
    networkMs: integer(),
  },
  (table) => [primaryKey({ columns: [table.nodeKey, table.stepMs, table.atMs] })],
);

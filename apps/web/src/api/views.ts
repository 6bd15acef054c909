import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterOutputs } from "@trpc/server";

type Outputs = inferRouterOutputs<AppRouter>;

export type ServerView = Outputs["servers"]["get"];
export type UpdatesView = Outputs["updates"]["overview"];
export type BridgeVersionView = UpdatesView["servers"][number];
export type UpdateView = NonNullable<BridgeVersionView["update"]>;
export type RolloutView = NonNullable<UpdatesView["rollout"]>;
export type LimitFinding = Outputs["servers"]["limitFindings"][number];
export type QuotaView = Outputs["quotas"]["get"];
export type QuotaHistoryEntry = Outputs["quotas"]["history"][number];
export type NodeEvidenceView = Outputs["quotas"]["evidence"];
export type WorkspaceView = Outputs["workspaces"]["get"];
export type ArchiveListView = Outputs["archives"]["ofProject"];
export type ArchiveView = ArchiveListView["archives"][number];
export type ProjectView = Outputs["projects"]["get"];
export type TaskView = Outputs["tasks"]["submit"];
export type Resolution = NonNullable<TaskView["resolution"]>;
export type TaskDetail = Outputs["tasks"]["get"];
export type MemberView = Outputs["members"]["list"]["members"][number];
export type ServiceAccountView = Outputs["serviceAccounts"]["list"][number];
export type ApiKeyView = ServiceAccountView["keys"][number];
export type MadeKey = Outputs["serviceAccounts"]["create"];
export type TelemetryHistoryView = Outputs["telemetry"]["history"];

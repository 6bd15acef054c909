import type { ProjectId, RunId, ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { eq } from "drizzle-orm";
import { archives, bridgeUpdates, members, rollouts, workspaces } from "../../src/db/schema.ts";
import type { QuarterdeckClient } from "../../src/client.ts";
import { newId, TestApi } from "../test-api.ts";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One thing of each kind that has an id, in one workspace. */
export interface Ids {
  readonly orgId: string;
  readonly workspaceId: string;
  readonly projectId: string;
  readonly serverId: string;
  readonly taskId: string;
  readonly runId: string;
  readonly workspaceArchiveId: string;
  readonly enrolmentId: string;
  readonly rolloutId: string;
  readonly shareId: string;
  readonly invitationId: string;
  readonly memberId: string;
}

/** Two orgs; the first with two workspaces on two servers, and people of every kind. */
export interface World extends AsyncDisposable {
  readonly platform: TestApi;
  readonly own: Ids;
  /** Of the same org, in another workspace. */
  readonly sibling: Ids;
  readonly foreign: Ids;
  /** What was there once, where the product removes such things. */
  readonly gone: Partial<Ids>;
  readonly callers: Readonly<Record<CallerName, QuarterdeckClient>>;
}

export const orgWide = ["owner", "admin", "developer", "viewer"] as const;
/** With a role on one workspace, or on one project, and none on the org. */
export const letIn = ["adminOfWorkspace", "developerOfWorkspace", "adminOfProject"] as const;
export type CallerName = (typeof orgWide)[number] | (typeof letIn)[number];

export async function makeWorld(): Promise<World> {
  // More than any tier allows, because the matrix asks a lot in little time.
  const platform = await TestApi.start({ QUARTERDECK_REQUESTS_PER_MINUTE: '{"enterprise":1000000}' });
  const owner = await platform.signedUp();
  const own = await furnish(platform, owner);
  const sibling = await furnish(platform, owner);
  const foreign = await furnish(platform, await platform.outsider());
  const { api } = owner;
  const { orgId } = await api.orgs.current.query();
  const goneMember = await idOf(await platform.memberOf(orgId, "viewer"));
  await api.members.remove.mutate({ userId: goneMember });

  const lettingIn = async (placeId: string, role: "admin" | "developer") => {
    const client = await platform.memberOf(orgId, "viewer");
    const userId = await idOf(client);
    await api.members.setGrant.mutate({ userId, placeId: placeId as WorkspaceId | ProjectId, role });
    await api.members.setRole.mutate({ userId, role: null });
    return client;
  };
  const callers = {
    owner,
    admin: await platform.memberOf(orgId, "admin"),
    developer: await platform.memberOf(orgId, "developer"),
    viewer: await platform.memberOf(orgId, "viewer"),
    adminOfWorkspace: await lettingIn(own.workspaceId, "admin"),
    developerOfWorkspace: await lettingIn(own.workspaceId, "developer"),
    adminOfProject: await lettingIn(own.projectId, "admin"),
  };
  const gone = { memberId: goneMember };
  return {
    platform,
    own,
    sibling,
    foreign,
    gone,
    callers,
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  };
}

async function idOf(client: QuarterdeckClient) {
  const { me } = await client.api.auth.state.query();
  if (me === null) throw new Error("nobody is signed in");
  return me.userId;
}

async function furnish(platform: TestApi, client: QuarterdeckClient): Promise<Ids> {
  const { api } = client;
  const { orgId } = await api.orgs.current.query();
  const { serverId } = await platform.connectServer(client);
  const name = newId("workspace").slice(-8);
  const { workspaceId } = await api.workspaces.create.mutate({ name, serverId });
  const url = "https://example.com/qs.git";
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  const { projectId } = project;
  const { taskId, runId } = await api.tasks.submit.mutate({
    taskId: newId("task"),
    workspaceId,
    projectId,
    action: "exec",
    params: { program: "echo", args: [] },
  });
  const workspaceArchiveId = await insertArchives(platform, { workspaceId, projectId, serverId, taskId, runId });
  const { enrolmentId } = await api.servers.createEnrolment.mutate({});
  const { shareId } = await api.sharing.offer.mutate({ serverId, label: "Hall", limits: {}, weight: 1 });
  const invited = { email: `${newId("user")}@example.com`, role: "viewer" } as const;
  const { invitation } = await api.invitations.create.mutate(invited);
  const rolloutId = await insertEndedRollout(platform, client, serverId);
  const memberId = await idOf(await platform.memberOf(orgId, "developer"));
  return {
    orgId,
    workspaceId,
    projectId,
    serverId,
    taskId,
    runId,
    workspaceArchiveId,
    enrolmentId,
    rolloutId,
    shareId,
    invitationId: invitation.invitationId,
    memberId,
  };
}

/** One of the project and one of the workspace, each of a run that there is. */
async function insertArchives(
  platform: TestApi,
  ids: { workspaceId: WorkspaceId; serverId: ServerId; projectId: ProjectId; taskId: TaskId; runId: RunId },
): Promise<RunId> {
  const { db } = platform.api.database;
  const { projectId, taskId, runId, ...place } = ids;
  const [workspace] = await db.select().from(workspaces).where(eq(workspaces.workspaceId, ids.workspaceId));
  if (workspace === undefined) throw new Error("no such workspace");
  const { orgId } = workspace;
  const row = { ...place, orgId, taskId, sizeBytes: 1, sha256: "a".repeat(64), projects: [], madeAtMs: 1 };
  const workspaceArchiveId = newId("run");
  await platform.api.runtime.writer.commit([
    db.insert(archives).values({ ...row, archiveId: runId, projectId }),
    db.insert(archives).values({ ...row, archiveId: workspaceArchiveId, projectId: null }),
  ]);
  return workspaceArchiveId;
}

async function insertEndedRollout(platform: TestApi, { api }: QuarterdeckClient, serverId: ServerId): Promise<string> {
  const { orgId } = await api.orgs.current.query();
  const rolloutId = newId("rollout");
  const { db } = platform.api.database;
  const [{ userId } = { userId: newId("user") }] = await db.select().from(members).where(eq(members.orgId, orgId));
  const [startedAtMs, version] = [1, "1.0.0"];
  await platform.api.runtime.writer.commit([
    db.insert(rollouts).values({
      rolloutId,
      orgId,
      version,
      startedAtMs,
      startedBy: userId,
      manifestHash: "hash",
      triesAgain: false,
      state: "completed",
    }),
    db.insert(bridgeUpdates).values({
      rolloutId,
      serverId,
      orgId,
      place: 0,
      state: "updated",
      fromVersion: version,
      changedAtMs: startedAtMs,
    }),
  ]);
  return rolloutId;
}

import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import type { TestClient } from "../../../apps/web/e2e/support/client.ts";
import { temporaryFolder } from "../../../apps/web/e2e/support/temporary-folder.ts";
import { serveGit } from "./git-over-tls.ts";
import { makeRepository } from "./repository.ts";
import { server } from "./stage.ts";

const cloneMs = 480_000;

/** A small project in a workspace on the test server: the same one for all test files. */
export async function sampleProject(client: TestClient, workspaceId: WorkspaceId): Promise<ProjectId> {
  const found = (await client.api.projects.list.query({ workspaceId })).find(({ name }) => name === "Sample");
  if (found) return found.projectId;
  using work = temporaryFolder();
  using served = temporaryFolder();
  const name = makeRepository(served.path, work.path);
  const git = await serveGit(server, served.path);
  try {
    const url = `${git.url}/${name}`;
    const { project, task } = await client.api.projects.createFromGit.mutate({ workspaceId, name: "Sample", url });
    const { state, verdict } = await client.waitUntil(task.taskId, (one) => one.state === "ended", cloneMs);
    if (verdict !== "succeeded") throw new Error(`the clone ${state}: ${verdict}`);
    return project.projectId;
  } finally {
    await git.close();
  }
}

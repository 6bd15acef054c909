import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { openCommitAbout } from "@quarterdeck/core/protocol/kept-content";
import { expect } from "vitest";
import { makeCanary, type Canary } from "./canary.ts";
import { newTaskId, outputOf, type TestClient } from "./client.ts";
import { startGitServer } from "./git-server.ts";
import { makeSampleRepository } from "./sample-repository.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/**
 * Clones a project whose files and commits are secret, lists its files and commits and pulls, as a console does, and sees that the user
 * reads them. Returns what nobody else may read.
 */
export async function useSecretProject(client: TestClient, workspaceId: WorkspaceId): Promise<Canary[]> {
  using served = temporaryFolder();
  using work = temporaryFolder();
  const canaries = ["file", "commit", "pulled"].map(makeCanary) as [Canary, Canary, Canary];
  const [file, commit, pulled] = canaries;
  const sample = makeSampleRepository(served.path, work.path);
  sample.commit(commit.text, (folder) => writeFileSync(join(folder, file.text), "x"));
  const git = await startGitServer(served.path);
  try {
    const url = `${git.url}/${sample.name}`;
    const made = await client.api.projects.createFromGit.mutate({ workspaceId, name: "Secret", url });
    const cloned = await client.waitUntil(made.task.taskId, ({ state }) => state === "ended");
    expect(cloned.verdict).toBe("succeeded");
    const { projectId } = made.project;
    expect(await lookAt(client, { workspaceId, projectId }, "files.list")).toContain(file.text);
    sample.commit(pulled.text, (folder) => writeFileSync(join(folder, "later"), "x"));
    await lookAt(client, { workspaceId, projectId }, "git.pull");
    const log = await lookAt(client, { workspaceId, projectId }, "git.log");
    for (const { text } of [commit, pulled]) expect(log).toContain(text);
    const { repository } = await client.api.projects.get.query({ projectId });
    const head = repository && (await openCommitAbout(repository));
    expect(head).toMatchObject({ ok: true, value: { subject: pulled.text } });
  } finally {
    await git.close();
  }
  return canaries;
}

const params = { "files.list": { path: "" }, "git.pull": {}, "git.log": { limit: 10 } } as const;

async function lookAt(
  client: TestClient,
  where: { workspaceId: WorkspaceId; projectId: ProjectId },
  action: keyof typeof params,
): Promise<string> {
  const { taskId } = await client.api.tasks.submit.mutate({
    taskId: newTaskId(),
    ...where,
    action,
    params: params[action],
  });
  const task = await client.waitUntil(taskId, ({ state }) => state === "ended");
  expect(task.verdict).toBe("succeeded");
  return outputOf(task);
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { newTaskId, outputOf, signIn, type TestClient } from "../../apps/web/e2e/support/client.ts";
import { waitFor } from "../../apps/web/e2e/support/wait-for.ts";
import { temporaryFolder } from "../../apps/web/e2e/support/temporary-folder.ts";
import { serveGit } from "./support/git-over-tls.ts";
import { waitUntilOnline, workspaceOn } from "./support/installed-server.ts";
import { makeRepository } from "./support/repository.ts";
import { server, stage } from "./support/stage.ts";

const runMs = 480_000;

let client: TestClient;
let workspaceId: WorkspaceId;
beforeAll(async () => {
  client = await signIn(stage.url, stage.urlFromServer);
  workspaceId = await workspaceOn(client, (await waitUntilOnline(client)).serverId);
});
afterAll(() => client.close());

const ended = (taskId: TaskId) => client.waitUntil(taskId, ({ state }) => state === "ended", runMs);

async function run(program: string, args: readonly string[], of = workspaceId): Promise<TaskId> {
  const taskId = newTaskId();
  const params = { program, args: [...args] };
  await client.api.tasks.submit.mutate({ taskId, workspaceId: of, projectId: null, action: "exec", params });
  return taskId;
}

/** Waits until a workspace stands as it was asked to. */
function untilMotion(of: WorkspaceId, motion: "frozen" | "running") {
  const find = async () =>
    (await client.api.workspaces.list.query()).find((one) => one.workspaceId === of && one.motion === motion);
  return waitFor(find, { what: `the workspace to be ${motion}`, timeoutMs: runMs });
}

describe("on an installed server", () => {
  it("clones a project from git and runs its tests", async () => {
    using work = temporaryFolder();
    using served = temporaryFolder();
    const name = makeRepository(served.path, work.path);
    const git = await serveGit(server, served.path);
    try {
      const url = `${git.url}/${name}`;
      const made = await client.api.projects.createFromGit.mutate({ workspaceId, name: "Sample", url });
      const cloned = await ended(made.task.taskId);
      expect(cloned).toMatchObject({ verdict: "succeeded" });
      const taskId = newTaskId();
      const { projectId } = made.project;
      const params = { program: "node", args: ["--test"] };
      await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId, action: "exec", params });
      const tested = await ended(taskId);
      const output = await outputOf(tested);
      expect({ ...tested, output }).toMatchObject({ verdict: "succeeded" });
      expect(output).toMatch(/^(# |ℹ )pass 2$/m);
    } finally {
      await git.close();
    }
  });

  it("[F4] knows what became of runs when the power was cut: one of effect once is not started again, a clone is", async () => {
    using work = temporaryFolder();
    using served = temporaryFolder();
    const name = makeRepository(served.path, work.path);
    const mayAnswer = Promise.withResolvers<void>();
    const git = await serveGit(server, served.path, mayAnswer.promise);
    try {
      const before = await ended(await run("echo", ["done before"]));
      const frozen = await workspaceOn(client, (await waitUntilOnline(client)).serverId, "Frozen before the cut");
      await client.api.workspaces.freeze.mutate({ workspaceId: frozen });
      await untilMotion(frozen, "frozen");
      const once = await run("node", [
        "-e",
        "require('node:fs').appendFileSync('starts', 'x'); setTimeout(() => {}, 864e5)",
      ]);
      const made = await client.api.projects.createFromGit.mutate({
        workspaceId,
        name: "Cut off",
        url: `${git.url}/${name}`,
      });
      for (const taskId of [once, made.task.taskId])
        await client.waitUntil(taskId, ({ state }) => state === "running", runMs);
      const starts = "find /var/lib/quarterdeck-* -name starts -type f -size +0";
      await server.sh(`for i in $(seq 200); do test -n "$(${starts})" && exit; sleep 1; done; exit 1`);
      await server.sh("sync");

      await server.crash();
      mayAnswer.resolve();

      expect(await ended(once)).toMatchObject({ verdict: "indeterminate", code: "CUT_OFF" });
      expect(await ended(made.task.taskId)).toMatchObject({ verdict: "succeeded" });
      expect(await client.api.tasks.get.query({ taskId: before.taskId })).toMatchObject({ verdict: "succeeded" });
      expect(await server.sh(`${starts} -exec cat {} +`)).toBe("x");
      // What was frozen is frozen again, until it is thawed.
      expect(await ended(await run("echo", ["x"], frozen))).toMatchObject({ verdict: "refused", code: "NOT_READY" });
      await client.api.workspaces.thaw.mutate({ workspaceId: frozen });
      await untilMotion(frozen, "running");
      expect(await ended(await run("echo", ["x"], frozen))).toMatchObject({ verdict: "succeeded" });
    } finally {
      await git.close();
    }
  });

  it("lets a run go on while the bridge is killed, and adopts it", async () => {
    const taskId = await run("sleep", ["45"]);
    await client.waitUntil(taskId, ({ state }) => state === "running", runMs);
    await server.sh("systemctl kill --kill-whom=main --signal=KILL quarterdeck-bridge");
    expect(await ended(taskId)).toMatchObject({ verdict: "succeeded" });
  });
});

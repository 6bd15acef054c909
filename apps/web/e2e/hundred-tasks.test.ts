import { expect, it } from "vitest";
import { newTaskId, outputOf, setUp } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { startGitServer } from "./support/git-server.ts";
import { makeSampleRepository } from "./support/sample-repository.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

const count = 100;

it("ends a hundred tasks that were submitted at once, each project's in the order they came", {
  timeout: 180_000,
}, async () => {
  using data = temporaryFolder();
  using work = temporaryFolder();
  using served = temporaryFolder();
  const sample = makeSampleRepository(served.path, work.path);
  const git = await startGitServer(served.path);
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  try {
    const client = await setUp(quarterdeck);
    const workspaceId = await client.workspaceId();
    const projects = await Promise.all(
      ["one", "two", "three", "four"].map(async (name) => {
        const made = await client.api.projects.createFromGit.mutate({
          workspaceId,
          name,
          url: `${git.url}/${sample.name}`,
        });
        await client.waitUntil(made.task.taskId, (task) => task.verdict === "succeeded");
        return made.project.projectId;
      }),
    );
    const submitted = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const projectId = projects[n % projects.length];
        if (!projectId) throw new Error("no project");
        const params = { program: "node", args: ["-e", `require("fs").appendFileSync("order.txt", "${n}\\n")`] };
        return client.api.tasks.submit.mutate({ taskId: newTaskId(), workspaceId, projectId, action: "exec", params });
      }),
    );
    const ids = new Set(submitted.map((task) => task.taskId));
    expect(ids.size).toBe(count);

    const tasks = await waitFor(
      async () => {
        const page = await client.api.tasks.list.query({ workspaceId, limit: 100 });
        const ours = page.tasks.filter((task) => ids.has(task.taskId));
        return ours.length === count && ours.every((task) => task.state === "ended") ? ours : undefined;
      },
      { what: "all of them to end", timeoutMs: 120_000 },
    );
    expect(new Set(tasks.map((task) => task.verdict))).toEqual(new Set(["succeeded"]));

    for (const projectId of projects) {
      const mine = tasks.filter((task) => task.projectId === projectId);
      expect(mine).toHaveLength(count / projects.length);
      // What the programs wrote is in the order in which they were submitted.
      const numberOf = (task: (typeof mine)[number]) => submitted.findIndex((one) => one.taskId === task.taskId);
      const taken = [...mine].sort((a, b) => numberOf(a) - numberOf(b));
      const expected = taken.map((task) => String(numberOf(task)));
      const read = await client.run("cat", ["order.txt"], projectId);
      const ended = await client.waitUntil(read.taskId, (task) => task.state === "ended");
      expect((await outputOf(ended)).trim().split("\n")).toEqual(expected);
      // Each started after the one before had ended.
      for (const [n, task] of taken.entries()) {
        const before = taken[n - 1];
        if (before) expect(task.startedAtMs).toBeGreaterThanOrEqual(before.endedAtMs ?? Number.NaN);
      }
    }
    await client.close();
  } finally {
    await quarterdeck.stop();
    await git.close();
  }
});

import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { startGitServer } from "./support/git-server.ts";
import { makeSampleRepository } from "./support/sample-repository.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { withConsole } from "./support/with-console.ts";

it("[S3] shows what the owner of a server forbids, and refuses it there and in the form, with the line", {
  timeout: 180_000,
}, async () => {
  using owned = temporaryFolder();
  using work = temporaryFolder();
  using served = temporaryFolder();
  const sample = makeSampleRepository(served.path, work.path);
  const git = await startGitServer(served.path);
  const file = join(owned.path, "policy.toml");
  const write = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  write("# The owner's.\n");
  const env = { QUARTERDECK_POLICY: file };
  try {
    await withConsole(
      "owner-policy",
      async ({ quarterdeck, page }) => {
        const client = await setUp(quarterdeck);
        await client.signIn(page, quarterdeck.url);
        const workspaceId = await client.workspaceId();
        const url = `${git.url}/${sample.name}`;
        const { project, task } = await client.api.projects.createFromGit.mutate({ workspaceId, name: "p", url });
        await client.waitUntil(task.taskId, ({ verdict }) => verdict === "succeeded");
        await page.goto(`${quarterdeck.url}/servers/${project.serverId}`);
        await page.getByText("The owner of this server forbids nothing").waitFor();

        await page.goto(`${quarterdeck.url}/projects/${project.projectId}`);
        await page.getByRole("button", { name: "Change the programs of this project" }).click();
        await page.getByLabel("Programs besides those of every project").fill("bash");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByText("This program starts any other").waitFor();
        await page.getByLabel("Programs besides those of every project").fill("basename dirname");
        await takeScreenshot(page, "project-programs");
        await page.getByRole("button", { name: "Save" }).click();
        await page.locator("code", { hasText: "basename" }).waitFor();

        await page.getByRole("button", { name: "Edit the test command" }).click();
        await page.getByLabel("Program", { exact: true }).fill("node");
        await page.getByLabel("Arguments").fill("--require /etc/x.js test.js");
        await page.getByRole("button", { name: "Save" }).click();
        await page.getByRole("button", { name: "Save" }).waitFor({ state: "detached" });
        await page.getByRole("button", { name: "Run tests" }).click();
        await page.getByText("Argument 1 of node (--require, -r) is refused").waitFor();

        write(`# The owner's.\n[programs]\nprojects_may_add = false\n[projects]\nforbid = ["${project.projectId}"]\n`);
        const forbidden = await client.run("date", [], project.projectId);
        await page.goto(`${quarterdeck.url}/runs/${forbidden.taskId}`);
        await page.getByText(`${file} line 5 forbids the project`).first().waitFor();
        await page.goto(`${quarterdeck.url}/servers/${project.serverId}`);
        await page.getByRole("cell", { name: "programs.projects_may_add" }).waitFor();
        await takeScreenshot(page, "server-policy");
        write("[programs\n");
        await page.getByText("the last good one stays in force").waitFor({ timeout: 60_000 });
        expect(await page.getByRole("cell", { name: "projects.forbid" }).count()).toBe(1);
      },
      { env },
    );
  } finally {
    await git.close();
  }
});

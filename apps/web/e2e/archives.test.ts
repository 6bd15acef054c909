import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { expect, it } from "vitest";
import { setUp } from "./support/client.ts";
import { startGitServer } from "./support/git-server.ts";
import { look } from "./support/look.ts";
import { makeSampleRepository } from "./support/sample-repository.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { withConsole } from "./support/with-console.ts";

/** Presses a button and answers yes to its question. */
async function confirm(page: Page, button: Locator, answer: string, { replaces = false } = {}): Promise<void> {
  await button.click();
  const dialog = page.getByRole("alertdialog");
  if (replaces) await dialog.getByRole("checkbox").check();
  await dialog.getByRole("button", { name: answer, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

const rows = (page: Page, state: string) => page.locator(`tr[data-archive-state="${state}"]`);

it("archives a project and its workspace, brings back what was lost, and deletes", { timeout: 240_000 }, async () => {
  using work = temporaryFolder();
  using served = temporaryFolder();
  const sample = makeSampleRepository(served.path, work.path);
  const git = await startGitServer(served.path);
  try {
    await withConsole("archives", async ({ quarterdeck, page }) => {
      const client = await setUp(quarterdeck);
      const workspaceId = await client.workspaceId();
      const url = `${git.url}/${sample.name}`;
      const { project, task } = await client.api.projects.createFromGit.mutate({ workspaceId, name: "minimist", url });
      await client.waitUntil(task.taskId, ({ verdict }) => verdict === "succeeded");
      const { projectId } = project;
      const folder = join(quarterdeck.dataDir, "bridge/workspaces", workspaceId, "projects", projectId);
      const file = join(folder, "index.js");
      const before = readFileSync(file, "utf8");
      const untilEnded = async (action: string) => {
        const { tasks } = await client.api.tasks.list.query({ workspaceId });
        const taskId = tasks.find((one) => one.action === action)?.taskId;
        if (taskId === undefined) throw new Error(`there is no ${action}`);
        expect(await client.waitUntil(taskId, ({ state }) => state === "ended")).toMatchObject({
          verdict: "succeeded",
        });
      };
      await client.signIn(page, quarterdeck.url);

      // The project: archived, changed, restored over what is there.
      await page.goto(`${quarterdeck.url}/projects/${projectId}`);
      await page.getByRole("tab", { name: "Archives" }).click();
      await page.getByText("No archives yet").waitFor();
      await confirm(page, page.getByRole("button", { name: "Archive", exact: true }), "Archive");
      await rows(page, "kept").first().waitFor();
      const { archives } = await client.api.archives.ofProject.query({ projectId });
      await rows(page, "kept")
        .getByText(archives[0]?.sha256 ?? "none")
        .waitFor();
      expect(await look(page, "archives-project")).toEqual([]);
      // On a phone what can be done with it is where one looks, without the checksum.
      await page.setViewportSize({ width: 360, height: 740 });
      const box = await page.getByRole("button", { name: "Delete" }).first().boundingBox();
      expect((box?.x ?? Infinity) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
      await page.setViewportSize({ width: 1280, height: 900 });
      writeFileSync(file, "changed");
      await confirm(page, page.getByRole("button", { name: "Restore" }).first(), "Restore");
      await page.getByText("Say that it is to be replaced").waitFor();
      expect(readFileSync(file, "utf8")).toBe("changed");
      const restore = page.getByRole("button", { name: "Restore" });
      await confirm(page, restore.first(), "Restore", { replaces: true });
      await untilEnded("project.restore");
      expect(readFileSync(file, "utf8")).toBe(before);

      // One is kept: the second archive takes the first one's place.
      await page.getByRole("button", { name: "Change how many archives are kept" }).click();
      await page.getByRole("dialog").getByLabel("Archives kept").fill("1");
      await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
      await page.getByText("The newest is kept.").waitFor();
      await confirm(page, page.getByRole("button", { name: "Archive", exact: true }), "Archive");
      await page.getByText("Removed for newer ones").waitFor();
      expect(await rows(page, "kept").count()).toBe(1);

      // The workspace: its project is gone, and comes back.
      await page.goto(`${quarterdeck.url}/workspaces/${workspaceId}`);
      const section = page
        .locator("section")
        .filter({ has: page.getByRole("heading", { name: "Archives", exact: true }) });
      await confirm(page, section.getByRole("button", { name: "Archive", exact: true }), "Archive");
      await rows(page, "kept").first().waitFor();
      await section.getByText("1 project").click();
      await section.getByText("minimist,").waitFor();
      expect(await look(page, "archives-workspace")).toEqual([]);
      rmSync(folder, { recursive: true });
      await confirm(page, section.getByRole("button", { name: "Restore" }), "Restore");
      await untilEnded("workspace.restore");
      expect(existsSync(file)).toBe(true);

      await confirm(page, section.getByRole("button", { name: "Delete" }), "Delete");
      await rows(page, "removed").getByText("Deleted").waitFor();
      expect(await section.getByRole("button", { name: "Restore" }).count()).toBe(0);
      await client.close();
    });
  } finally {
    await git.close();
  }
});

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Page } from "playwright-core";
import { takeScreenshot } from "./support/browser.ts";
import { packBridge } from "./support/bridge-package.ts";
import { newTaskId, signIn, type TestClient } from "./support/client.ts";
import { createAccount } from "./support/console.ts";
import { killIfAlive, processesNaming, repositoryRoot } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { withConsole } from "./support/with-console.ts";

const next = "9.0.0";
const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } } as const;

async function takePictures(page: Page, name: string): Promise<void> {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await takeScreenshot(page, `${name}-${size}-${colorScheme}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow).toBeLessThanOrEqual(0);
    }
  }
  await page.setViewportSize(sizes.wide);
}

const offering = (tarball: string) => ({
  env: { QUARTERDECK_BRIDGE_TARBALL: tarball, QUARTERDECK_ROLLOUT_SETTLE_MS: "500" },
});

/** Something that no bridge of today can do. */
const ability = "feature-of-tomorrow";

/** Has the package say that it brings a feature. */
function nameFeature(tarball: string, feature: string): void {
  const path = `${tarball}.json`;
  const about = JSON.parse(readFileSync(path, "utf8")) as { features: string[] };
  writeFileSync(path, JSON.stringify({ ...about, features: [...about.features, feature] }));
}

async function openServer(page: Page): Promise<void> {
  await page.getByText("Update available").first().waitFor();
  await page.getByRole("list", { name: "Servers" }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "Bridge" }).waitFor();
}

async function confirmUpdate(page: Page, button: string): Promise<void> {
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Update", exact: true }).click();
}

it("updates the bridge of a server from the console while a run goes on", { timeout: 120_000 }, async () => {
  using folder = temporaryFolder();
  const tarball = packBridge(folder.path, next);
  nameFeature(tarball, ability);
  await withConsole(
    "update",
    async ({ quarterdeck, page }) => {
      await createAccount(page, quarterdeck);
      const client = await signIn(quarterdeck.url);
      const run = await client.run("node", ["-e", "setTimeout(() => console.log('done'), 15000)"]);
      await client.waitUntil(run.taskId, ({ state }) => state === "running");
      await page.getByText("Update available").first().waitFor();
      await takePictures(page, "update-servers");
      await openServer(page);
      await page.getByText(`Version ${next} is available`).waitFor();
      await page.getByText("It brings what this bridge cannot do yet:").waitFor();
      const brought = await page.getByRole("listitem").filter({ hasText: ability }).allInnerTexts();
      expect(brought).toEqual([`Something that this console has no name for: ${ability}`]);
      await page.getByText("What it lacks is refused when you submit it").waitFor();
      await page.getByRole("button", { name: `Update to ${next}` }).click();
      await page.getByText("Running work is not touched").waitFor();
      await takePictures(page, "update-question");
      await page.getByRole("button", { name: "Not now" }).click();

      await confirmUpdate(page, `Update to ${next}`);
      await page.locator("[data-update=updated]").waitFor({ timeout: 30_000 });
      await page.getByText(`Version ${next}`, { exact: true }).waitFor();
      await takePictures(page, "update-done");
      const ended = await client.waitUntil(run.taskId, ({ state }) => state === "ended");
      expect(ended).toMatchObject({ verdict: "succeeded", exitCode: 0 });
      await client.close();
    },
    offering(tarball),
  );
});

/** A second server: the built bridge, with a data directory of its own. */
async function startBridge(client: TestClient, data: string): Promise<ChildProcess> {
  const { command } = await client.api.servers.createEnrolment.mutate({});
  const args = command.slice(command.indexOf(" connect ") + 1).split(" ");
  const entry = join(repositoryRoot, "packages/bridge/dist/quarterdeck-bridge.mjs");
  return spawn(process.execPath, [entry, ...args, "--data", data], {
    env: { PATH: process.env["PATH"], HOME: data },
    stdio: "ignore",
  });
}

it("stops an update of all servers at the first failure and says why, with the version before running on", {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder();
  using elsewhere = temporaryFolder();
  const tarball = packBridge(folder.path, next, (program) => `process.exit(9);\n${program}`);
  await withConsole(
    "update-failed",
    async ({ quarterdeck, page }) => {
      await createAccount(page, quarterdeck);
      const client = await signIn(quarterdeck.url);
      const other = await startBridge(client, elsewhere.path);
      try {
        await page.getByRole("button", { name: "Update all (2)" }).click();
        const dialog = page.getByRole("dialog");
        const first = (await client.api.servers.list.query()).find(({ isThisMachine }) => !isThisMachine)?.serverId;
        await dialog.getByLabel("First server").selectOption(first ?? "");
        await takePictures(page, "update-all-question");
        await dialog.getByRole("button", { name: "Update", exact: true }).click();
        const progress = page.getByRole("alert").filter({ hasText: `The update to ${next} was stopped` });
        await progress.getByText("ended with code 9").first().waitFor({ timeout: 30_000 });
        await progress.getByText("Not tried").waitFor();
        await takePictures(page, "update-all-stopped");

        await page.goto(`${quarterdeck.url}/servers/${first}`);
        expect(await page.locator("[data-update=failed]").innerText()).toContain("ended with code 9");
        await page.getByRole("button", { name: `Try ${next} again` }).waitFor();
        await page.getByText("It can do the same as this one, and mends or improves what is there.").waitFor();
        await takePictures(page, "update-failed");
        const { workspaceId } = await client.api.workspaces.create.mutate({ name: "There", serverId: first! });
        const params = { program: "echo", args: ["on it goes"] };
        const taskId = newTaskId();
        await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
        const ended = await client.waitUntil(taskId, ({ state }) => state === "ended");
        expect(ended).toMatchObject({ verdict: "succeeded" });
      } finally {
        await client.close();
        const gone = once(other, "exit");
        other.kill("SIGTERM");
        await gone;
        for (const pid of processesNaming(elsewhere.path)) killIfAlive(pid); // Wrappers that waited.
      }
    },
    offering(tarball),
  );
});

import { expect, it } from "vitest";
import type { Page } from "playwright-core";
import { takeScreenshot } from "./support/browser.ts";
import { packBridge } from "./support/bridge-package.ts";
import { signIn } from "./support/client.ts";
import { createAccount } from "./support/console.ts";
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

it("says why an update failed, with the version before running on", { timeout: 120_000 }, async () => {
  using folder = temporaryFolder();
  const tarball = packBridge(folder.path, next, (program) => `process.exit(9);\n${program}`);
  await withConsole(
    "update-failed",
    async ({ quarterdeck, page }) => {
      await createAccount(page, quarterdeck);
      await openServer(page);
      await confirmUpdate(page, `Update to ${next}`);
      await page.locator("[data-update=failed]").waitFor({ timeout: 30_000 });
      expect(await page.locator("[data-update=failed]").innerText()).toContain("ended with code 9");
      await page.getByRole("button", { name: `Try ${next} again` }).waitFor();
      await takePictures(page, "update-failed");
      const client = await signIn(quarterdeck.url);
      const { taskId } = await client.run("echo", ["on it goes"]);
      expect(await client.waitUntil(taskId, ({ state }) => state === "ended")).toMatchObject({ verdict: "succeeded" });
      await client.close();
    },
    offering(tarball),
  );
});

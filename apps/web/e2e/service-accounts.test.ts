import { AxeBuilder } from "@axe-core/playwright";
import { createClient } from "@quarterdeck/api/client";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { withConsole } from "./support/with-console.ts";

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } } as const;

async function lookAt(page: Page, name: string) {
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await takeScreenshot(page, `${name}-${size}-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(
        violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(" ")).join(", ")}`),
      ).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(
        0,
      );
    }
  }
  await page.setViewportSize(sizes.wide);
}

it("a service account is made, its key is shown once and lets a script in, is rotated and revoked", {
  timeout: 120_000,
}, async () => {
  await withConsole("service-accounts", async ({ quarterdeck, page }) => {
    const owner = await setUp(quarterdeck);
    const workspaceId = await owner.workspaceId();
    const { name: workspaceName } = await owner.api.workspaces.get.query({ workspaceId });
    await owner.signIn(page, quarterdeck.url);
    await page.goto(`${quarterdeck.url}/settings/service-accounts`);
    await page.getByText("No service accounts").waitFor();
    await lookAt(page, "service-accounts-empty");

    await page.getByRole("button", { name: "New service account" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("deploys");
    await dialog.getByLabel("Where").selectOption({ label: workspaceName });
    await dialog.getByLabel("All that the role gives to service accounts").uncheck();
    await dialog.getByLabel("Archive and restore workspaces").waitFor({ state: "detached" });
    await dialog.getByLabel("See archives").uncheck();
    await lookAt(page, "service-accounts-create");
    await dialog.getByRole("button", { name: "Make it, with a key" }).click();
    await dialog.getByText("it is shown this once").waitFor();
    const apiKey = (await dialog.getByLabel("API key").textContent()) ?? "";
    expect(apiKey).toMatch(/^qd_[0-9A-Za-z]{49}$/);
    await lookAt(page, "service-accounts-key");
    await dialog.getByRole("button", { name: "I have it" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await page.content()).not.toContain(apiKey);

    const script = createClient({ url: quarterdeck.url, apiKey });
    expect((await script.api.workspaces.list.query()).map(({ name }) => name)).toEqual([workspaceName]);
    await page.reload();
    await page.getByRole("cell", { name: /from (127\.0\.0\.1|::1|::ffff:127\.0\.0\.1)/ }).waitFor();

    await page.getByRole("button", { name: /^Rotate the key/ }).click();
    await dialog.getByLabel("The old key ends").selectOption({ label: "in 24 hours" });
    await dialog.getByRole("button", { name: "Make the key" }).click();
    await dialog.getByText("it is shown this once").waitFor();
    await dialog.getByRole("button", { name: "I have it" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await page.getByRole("button", { name: /^Rotate the key/ }).count()).toBe(2);
    await lookAt(page, "service-accounts");

    await page.getByRole("button", { name: `Revoke the key …${apiKey.slice(-4)} of deploys` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("cell", { name: "Revoked" }).waitFor();
    await expect(script.api.workspaces.list.query()).rejects.toThrow("This API key lets nobody in");

    await page.getByRole("button", { name: "Remove deploys" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("No service accounts").waitFor();
    await script.close();
    await owner.close();
  });
});

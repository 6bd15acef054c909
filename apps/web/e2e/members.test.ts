import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { addMember } from "./support/second-member.ts";
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

it("members are listed, get other roles after a look at what that changes, and see only what they were given [T1]", {
  timeout: 120_000,
}, async () => {
  await withConsole("members", async ({ quarterdeck, page }) => {
    const owner = await setUp(quarterdeck);
    const workspaceId = await owner.workspaceId();
    const { name: workspaceName } = await owner.api.workspaces.get.query({ workspaceId });
    const { userId, client } = await addMember(quarterdeck, "viewer");
    const email = `${userId}@example.org`;
    await owner.signIn(page, quarterdeck.url);
    await page.goto(`${quarterdeck.url}/settings/members`);
    await page.getByRole("cell", { name: email, exact: true }).waitFor();
    await lookAt(page, "members");

    await page.getByRole("button", { name: `Change role of ${email}` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Where").selectOption({ label: workspaceName });
    await dialog.getByLabel("Role there").selectOption("developer");
    await dialog.getByText(`${email} gains`).waitFor();
    await dialog.getByText("Run, type into, reorder and cancel tasks").waitFor();
    await lookAt(page, "members-change");
    await dialog.getByRole("button", { name: "Apply" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("cell", { name: `${workspaceName} Developer` }).waitFor();

    await page.getByRole("button", { name: `Change role of ${email}` }).click();
    await dialog.getByLabel("Role there").selectOption({ label: "None" });
    await dialog.getByText(`${email} loses`).first().waitFor();
    await dialog.getByRole("button", { name: "Apply" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(await client.api.members.rights.query()).toEqual({
      role: null,
      grants: [{ workspaceId, projectId: null, role: "developer" }],
    });

    await page.getByRole("button", { name: `Rights of ${email}` }).click();
    await dialog.getByText("See the organization").waitFor();
    await dialog.getByLabel("Where").selectOption({ label: workspaceName });
    await dialog.getByText("Run, type into, reorder and cancel tasks").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByLabel("What", { exact: true }).selectOption("tasks.run");
    await page.getByRole("listitem").filter({ hasText: "ada" }).first().waitFor();
    await client.close();
    await owner.close();
  });
});

import { AxeBuilder } from "@axe-core/playwright";
import { expect, it } from "vitest";
import { openPage, takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { addMember } from "./support/second-member.ts";
import { withConsole } from "./support/with-console.ts";

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } } as const;

it("shows an operator how the platform is and lets them set plans, sign-up and keys; nobody else has the page", {
  timeout: 180_000,
}, async () => {
  await withConsole("operator", async ({ quarterdeck, browser, page }) => {
    const client = await setUp(quarterdeck);
    await client.workspaceId();
    await client.signIn(page, quarterdeck.url);
    await page.goto(`${quarterdeck.url}/servers`);
    await page.getByRole("button", { name: /account/i }).click();
    await page.getByRole("menuitem", { name: "Operate the platform" }).click();
    await page.getByRole("heading", { name: "Operate the platform" }).waitFor();
    await page.getByText(/on 1 server$/).waitFor();

    await page.getByLabel("Plan of Analytical Engines").selectOption({ label: "Premium" });
    await page.getByText("Analytical Engines is on the plan Premium.", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Open sign-up" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Open sign-up" }).click();
    await page.getByText("Anybody may make an account, with an organization of their own.").waitFor();
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Change nothing" }).click();
    expect((await client.api.operator.keys.query()).version).toBe(1);
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Change the keys" }).click();
    await page.getByText("Previous, still obeyed").waitFor();
    const { orgs } = await client.api.operator.orgs.query({ after: null });
    expect(orgs).toEqual([expect.objectContaining({ name: "Analytical Engines", plan: "premium", servers: 1 })]);

    const found: string[] = [];
    for (const [size, viewport] of Object.entries(sizes)) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        await page.goto("about:blank");
        await page.goto(`${quarterdeck.url}/operator`);
        await page.getByText("Previous, still obeyed").waitFor();
        await page.locator("[data-skeleton]").first().waitFor({ state: "detached" });
        await takeScreenshot(page, `operator-${size}-${colorScheme}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        found.push(
          ...violations.map(
            ({ id, nodes }) => `${size} ${colorScheme} ${id} at ${nodes.map((node) => node.target.join(" ")).join()}`,
          ),
        );
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (overflow > 0) found.push(`${size}: ${overflow} pixels wider than the window`);
      }
    }
    expect(found).toEqual([]);

    const { client: admin } = await addMember(quarterdeck, "admin");
    const { page: theirs } = await openPage(browser);
    await admin.signIn(theirs, quarterdeck.url);
    await theirs.goto(`${quarterdeck.url}/operator`);
    await theirs.getByRole("heading", { name: "There is no such page" }).waitFor();
    expect(await theirs.getByText("Platform keys").count()).toBe(0);
    await Promise.all([client.close(), admin.close()]);
  });
});

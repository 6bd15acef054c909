import { AxeBuilder } from "@axe-core/playwright";
import { expect, it } from "vitest";
import type { Page } from "playwright-core";
import { launchBrowser, openPage, takeScreenshot } from "./support/browser.ts";
import { account, createAccount } from "./support/console.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

const guest = { email: "grace@example.org", password: "harbour velvet 7 nine pebbles" };
const sizes = { wide: { width: 1280, height: 900 }, narrow: { width: 360, height: 740 } } as const;

/** The page in light and dark, wide and narrow: no violation, nothing wider than the window. */
async function lookAt(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const label = `${name}-${size}-${colorScheme}`;
      await takeScreenshot(page, `orgs-${label}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations)
        found.push(`${label}: ${id} at ${nodes.map(({ target }) => target.join(" ")).join()}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) found.push(`${label}: ${overflow} pixels wider than the window`);
    }
  }
  await page.setViewportSize(sizes.wide);
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

it("[T1] somebody is invited, joins, gets another role, and loses access on an open page within five seconds", {
  timeout: 180_000,
}, async () => {
  await withConsole("orgs-invite", async ({ quarterdeck, page }) => {
    const found: string[] = [];
    await createAccount(page, quarterdeck);
    await page.goto(`${quarterdeck.url}/settings/invitations`);
    await page.getByLabel("Email").fill(guest.email);
    await page.getByLabel("Role").selectOption("viewer");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    const link = await page.getByLabel("Link", { exact: true }).textContent();
    found.push(...(await lookAt(page, "invitations")));

    const other = await launchBrowser();
    try {
      const { page: theirs } = await openPage(other);
      await theirs.goto(link ?? "");
      await theirs.getByText(`${account.email} invites you to`).waitFor();
      found.push(...(await lookAt(theirs, "accept")));
      await theirs.getByLabel("Password", { exact: true }).fill(guest.password);
      await theirs.getByRole("button", { name: "Create account and join" }).click();
      await theirs.getByRole("heading", { name: "Servers" }).waitFor();

      // The owner's list knows without being loaded again.
      await page.getByText("Accepted").waitFor();
      // A viewer is told whom to ask.
      await theirs.goto(`${quarterdeck.url}/settings/invitations`);
      await theirs.getByText("Only owners and admins may invite people").waitFor();
      // Beside it stand the pages that have something for a viewer, and no other.
      const sections = theirs.getByRole("navigation", { name: "Settings" }).getByRole("link");
      await sections.filter({ hasText: "Rate limits" }).waitFor();
      expect(await sections.allInnerTexts()).toEqual(["Account", "Organization", "Members", "Rate limits"]);

      // Handed over: the page of either shows the other role by itself.
      await page.goto(`${quarterdeck.url}/settings/organization`);
      await page.getByRole("button", { name: "Hand it over" }).click();
      await page.getByRole("alertdialog").getByRole("button", { name: "Hand it over" }).click();
      await page.getByText("Only an owner may hand over").waitFor();
      await theirs.getByRole("button", { name: "Invite", exact: true }).waitFor({ timeout: 5000 });
      await sections.filter({ hasText: "Audit" }).waitFor();

      // An address list that has nobody in it cuts off whoever looks at a page, within five seconds.
      await theirs.goto(`${quarterdeck.url}/settings/organization`);
      await page.goto(`${quarterdeck.url}/servers`);
      await page.getByRole("heading", { name: "Servers" }).waitFor();
      await theirs.getByLabel("Addresses").fill("203.0.113.0/24");
      await theirs.getByRole("button", { name: "Save" }).last().click();
      await theirs.getByRole("alertdialog").getByRole("button", { name: "Save it all the same" }).click();
      await page
        .getByRole("heading", { name: "This organization lets nobody in from here" })
        .waitFor({ timeout: 5000 });
      found.push(...(await lookAt(page, "blocked")));
    } finally {
      await other.close();
    }
    expect(found).toEqual([]);
  });
});

it("[T1] an org that is switched to in one tab is shown in the other too, and nothing of the one before stays", {
  timeout: 180_000,
}, async () => {
  await withConsole("orgs-switch", async ({ quarterdeck, page }) => {
    const found: string[] = [];
    await createAccount(page, quarterdeck);
    const server = (tab: Page) => tab.locator('a[href^="/servers/srv_"]').first();
    await server(page).waitFor();
    const second = await page.context().newPage();
    await second.goto(`${quarterdeck.url}/servers`);
    await server(second).waitFor();

    await page.getByRole("button", { name: "Account and theme" }).click();
    await takeScreenshot(page, "orgs-menu");
    await page.getByRole("menuitem", { name: "New organization" }).click();
    await page.getByRole("dialog").getByLabel("Organization name").fill("بستان ثانٍ");
    await page.getByRole("dialog").getByRole("button", { name: "Create organization" }).click();
    for (const tab of [page, second]) {
      await waitFor(async () => (await tab.getByText("بستان ثانٍ").count()) > 0, {
        what: "the other org",
        timeoutMs: 5000,
      });
      await server(tab).waitFor({ state: "detached" });
    }

    await second.getByRole("button", { name: "Account and theme" }).click();
    await second.getByRole("menuitemradio", { name: account.orgName }).click();
    for (const tab of [second, page]) await server(tab).waitFor();

    // Deleted, and had back.
    await page.goto(`${quarterdeck.url}/settings/organization`);
    await page.getByRole("button", { name: "Delete this organization" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Write its name to confirm").fill(account.orgName);
    await dialog.getByRole("button", { name: "Delete this organization" }).click();
    await page.getByText("This organization is deleted on").waitFor();
    await second.getByText("This organization is deleted on").waitFor({ timeout: 5000 });
    found.push(...(await lookAt(page, "organization-closing")));
    await page.getByRole("button", { name: "Keep the organization" }).click();
    await page.getByText("This organization is deleted on").waitFor({ state: "detached" });

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download the export" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^quarterdeck-org_\w+\.ndjson$/);
    found.push(...(await lookAt(page, "organization")));
    await second.close();
    expect(found).toEqual([]);
  });
});

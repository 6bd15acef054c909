import { AxeBuilder } from "@axe-core/playwright";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { account } from "./support/console.ts";
import { repositoryRoot } from "./support/quarterdeck.ts";
import { withConsole } from "./support/with-console.ts";

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } } as const;
const command = join(repositoryRoot, "apps/api/src/operator/audit-command.ts");

/** What is wrong with a page for those who see, hear or point otherwise, in each width and theme. */
async function problemsOf(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await takeScreenshot(page, `${name}-${size}-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations)
        found.push(`${name} ${size} ${colorScheme}: ${id} at ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) found.push(`${name} ${size} ${colorScheme}: ${overflow} pixels wider than the window`);
    }
  }
  await page.setViewportSize(sizes.wide);
  return found;
}

it("the audit is read, searched, verified, exported and kept as long as one says, and what would deceive is shown as what it is [E2]", {
  timeout: 120_000,
}, async () => {
  await withConsole("audit-page", async ({ quarterdeck, page }) => {
    const client = await setUp(quarterdeck);
    await client.workspaceId();
    const [server] = await client.api.servers.list.query();
    await client.api.servers.rename.mutate({ serverId: server!.serverId, name: "Kontor مرحبا ı 👩‍👩‍👧" });
    await client.signIn(page, quarterdeck.url);
    await page.goto(`${quarterdeck.url}/settings/organization`);
    await page.getByRole("link", { name: "Audit" }).click();
    const table = page.getByRole("table", { name: "Entries of the audit" });
    const row = (action: string) => table.locator(`tr[data-action="${action}"]`);
    await row("server.rename").getByText("Renamed a server").waitFor();
    expect(await row("server.rename").innerText()).toContain(account.email);
    expect(await row("server.rename").getByText("server.rename").count()).toBe(1);
    expect(await row("server.rename").getByText("Kontor مرحبا ı 👩‍👩‍👧").count()).toBeGreaterThan(0);

    await page.getByRole("button", { name: "Verify now" }).click();
    await page.getByText(/Whole up to entry \d+/).waitFor();
    expect(await problemsOf(page, "audit")).toEqual([]);

    const search = page.getByRole("search", { name: "Filter" });
    await search.getByLabel("Search").fill("KONTOR");
    await search.getByRole("button", { name: "Find" }).click();
    // While the entries are fetched there is no row at all, so only both together are an answer.
    await row("workspace.create").waitFor({ state: "detached" });
    await row("server.rename").waitFor();
    expect(await row("workspace.create").count()).toBe(0);
    await search.getByLabel("Outcome").selectOption("refused");
    await search.getByLabel("Search").fill("there is no such thing");
    await search.getByRole("button", { name: "Find" }).click();
    await page.getByText("No entry matches.").waitFor();
    await search.getByRole("button", { name: "Clear" }).click();
    await row("workspace.create").waitFor();

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Export to verify" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^audit-\d{4}-\d\d-\d\d\.ndjson$/);
    const file = await download.path();
    const { stdout } = await promisify(execFile)(process.execPath, [command, "verify", file]);
    expect(stdout).toMatch(/^Whole: \d+ entries of org_/);
    const [csv] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Export as a table" }).click(),
    ]);
    expect(await readFile(await csv.path(), "utf8")).toContain("Kontor مرحبا ı 👩‍👩‍👧");

    await page.getByLabel("Keep entries").selectOption({ label: "730 days" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("How long entries are kept was changed.", { exact: true }).waitFor();
    expect((await client.api.audit.standing.query()).keptDays).toBe(730);
    await client.close();
  });
});

it("the page of rate limits shows the plan, what is used now, and goes on by itself", { timeout: 90_000 }, async () => {
  await withConsole("rate-limits", async ({ quarterdeck, page }) => {
    const client = await setUp(quarterdeck);
    await client.signIn(page, quarterdeck.url);
    await page.goto(`${quarterdeck.url}/settings/rate-limits`);
    await page.getByText("Plan: Enterprise").waitFor();
    await page.getByText("Nothing was refused within the last hour.").waitFor();
    const connections = page.getByRole("meter", { name: "Open connections of the organization" });
    // The console's own socket, as soon as the page has looked again.
    await page.locator('[role=meter][aria-valuetext="1 of 1,000"]').waitFor();
    expect(await connections.getAttribute("aria-valuetext")).toBe("1 of 1,000");
    expect(await problemsOf(page, "rate-limits")).toEqual([]);
    await client.close();
  });
});

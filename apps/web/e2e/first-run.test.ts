import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { createAccount, createWorkspace, output, runProgram, verdict } from "./support/console.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

it("goes from the set-up link to a program's output, line by line, and into the history", async () => {
  await withConsole("first-run", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);

    // This machine is there, online, and its figures move.
    await page.getByText("Online").first().waitFor();
    await page.getByText("This machine").first().waitFor();
    const meters = page.getByRole("meter");
    const readings = async () =>
      meters.evaluateAll((all) => all.map((meter) => meter.getAttribute("aria-valuenow")).join());
    await meters.nth(2).waitFor();
    const before = await readings();
    await waitFor(async () => (await readings()) !== before, { what: "the figures to move", timeoutMs: 10_000 });
    await takeScreenshot(page, "servers");

    await createWorkspace(page, quarterdeck.url, "Playground");
    const script =
      'let i = 0; const t = setInterval(() => { console.log("line", ++i); if (i === 5) clearInterval(t); }, 500)';
    await runProgram(page, "node", `-e '${script}'`);

    // Output comes while it runs.
    await output(page).getByText("line 1").waitFor();
    expect(await page.locator("[data-verdict]").count()).toBe(0);
    await takeScreenshot(page, "run-running");
    expect(await verdict(page)).toBe("succeeded");
    const text = await output(page).innerText();
    expect(text.match(/line \d/g)).toEqual(["line 1", "line 2", "line 3", "line 4", "line 5"]);
    await page.getByText("Exit code").first().waitFor();
    await takeScreenshot(page, "run-succeeded");

    await page.goto(`${quarterdeck.url}/workspaces`);
    await page.getByRole("link", { name: "Playground" }).first().click();
    await page.getByRole("table").getByText("Succeeded").first().waitFor();
    await takeScreenshot(page, "workspace");
  });
});

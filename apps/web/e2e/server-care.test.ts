import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { withConsole } from "./support/with-console.ts";

async function look(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [size, viewport] of Object.entries({
    wide: { width: 1440, height: 900 },
    narrow: { width: 360, height: 740 },
  })) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await takeScreenshot(page, `${name}-${size}-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      for (const { id, nodes } of violations)
        found.push(`${name} ${size} ${colorScheme}: ${id} at ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (overflow > 0) found.push(`${name} ${size}: ${overflow} pixels wider than the window`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

it("labels a server, takes a token back, and drains the server while a run goes on, and offers a part of it", {
  timeout: 180_000,
}, async () => {
  await withConsole("server-care", async ({ quarterdeck, page }) => {
    const client = await setUp(quarterdeck);
    const found: string[] = [];
    try {
      await client.signIn(page, quarterdeck.url);
      const running = await client.run("sleep", ["600"]);
      await client.waitUntil(running.taskId, ({ state }) => state === "running");
      await client.api.servers.createEnrolment.mutate({});
      await page.goto(`${quarterdeck.url}/servers/${running.serverId}`);

      await page.getByRole("button", { name: "Labels" }).click();
      await page.getByLabel("Labels, separated by commas").fill("gpu, region=eu");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.goto(`${quarterdeck.url}/servers`);
      const filter = page.getByRole("group", { name: "Show servers with the label" });
      await filter.getByRole("button", { name: "region=eu" }).click();
      expect(await page.getByRole("list", { name: "Servers" }).getByRole("listitem").count()).toBe(1);
      found.push(...(await look(page, "servers-labelled")));

      await page.getByRole("button", { name: "Connection tokens" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: /^Take back/ }).waitFor();
      found.push(...(await look(page, "servers-invitations")));
      await dialog.getByRole("button", { name: /^Take back/ }).click();
      await dialog.getByText("Taken back").waitFor();
      await page.keyboard.press("Escape");

      await page.goto(`${quarterdeck.url}/servers/${running.serverId}`);
      await page.getByRole("button", { name: "Cordon" }).click();
      await page.getByText("No new runs start here: they are accepted").waitFor();
      const waiting = await client.run("echo", ["late"]);
      await client.waitUntil(waiting.taskId, (task) => task.waiting?.reason === "cordon");
      await page.getByRole("button", { name: "Drain" }).click();
      await page.getByRole("button", { name: "Drain the server" }).click();
      await page.getByText("1 run has to end before the server is empty").waitFor();
      found.push(...(await look(page, "server-draining")));
      await page.getByRole("button", { name: "Cancel what still runs" }).click();
      await page.getByRole("button", { name: "Drain the server" }).click();
      await page.getByText("Nothing runs here and nothing starts").waitFor();
      expect((await client.waitUntil(running.taskId, ({ state }) => state === "ended")).verdict).toBe("cancelled");
      found.push(...(await look(page, "server-drained")));

      await page.getByRole("button", { name: "Remove" }).click();
      await page.getByRole("button", { name: "Remove the server" }).click();
      await page.getByLabel("Name of the server").waitFor();
      found.push(...(await look(page, "server-remove-by-name")));
      await page.getByRole("button", { name: "Keep" }).click();

      await page.getByRole("button", { name: "Take new runs again" }).click();
      expect((await client.waitUntil(waiting.taskId, ({ state }) => state === "ended")).verdict).toBe("succeeded");

      await page.getByRole("button", { name: "Share a part" }).click();
      await page.getByLabel("What to call it there").fill("Hall");
      found.push(...(await look(page, "share-offer")));
      await page.getByRole("button", { name: "Make the offer" }).click();
      const code = await page.getByLabel("Code of the offer").innerText();
      await page.keyboard.press("Escape");
      await page.getByText("Offered until").waitFor();
      found.push(...(await look(page, "share-given")));
      await page.goto(`${quarterdeck.url}/servers`);
      await page.getByRole("button", { name: "Use a shared server" }).click();
      await page.getByLabel("Code", { exact: true }).fill(code);
      await page.getByRole("button", { name: "Look at the offer" }).click();
      await page.getByText('offers a part of "Hall"').waitFor();
      found.push(...(await look(page, "share-accept")));
      await page.getByRole("button", { name: "Accept" }).click();
      await page.getByText("This is your own server").waitFor();
      expect(found).toEqual([]);
    } finally {
      await client.close();
    }
  });
});

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { startGitServer } from "./support/git-server.ts";
import { look } from "./support/look.ts";
import { makeSampleRepository } from "./support/sample-repository.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

const row = (page: Page, name: string) => page.locator(`tr[data-resource="${name}"]`).first();
const standing = (page: Page, name: string) => row(page, name).locator("[data-standing]").getAttribute("data-standing");

async function changeLimits(page: Page, limits: Record<string, string>): Promise<void> {
  await page.getByRole("button", { name: "Change limits" }).click();
  const dialog = page.getByRole("dialog");
  for (const [label, text] of Object.entries(limits)) await dialog.getByLabel(label, { exact: true }).fill(text);
  await dialog.getByRole("button", { name: "Save" }).click();
}

/** What a server's kernel might have said: nothing on this machine says it, so it is put where it is kept. */
function sayMismatch(dataDir: string, nodeId: string): void {
  const database = new DatabaseSync(join(dataDir, "quarterdeck.db"));
  database
    .prepare(
      `update limit_evidence set state = 'mismatch', actual = 4000, "sinceMs" = ? where "nodeId" = ? and resource = 'cpu'`,
    )
    .run(Date.now(), nodeId);
  database.close();
}

it("gives a workspace and a project limits, says what the server holds of them, and takes a change back", {
  timeout: 180_000,
}, async () => {
  using work = temporaryFolder();
  using served = temporaryFolder();
  const sample = makeSampleRepository(served.path, work.path);
  const git = await startGitServer(served.path);
  try {
    await withConsole("quotas", async ({ quarterdeck, page }) => {
      const found: string[] = [];
      const client = await setUp(quarterdeck);
      const workspaceId = await client.workspaceId();
      const url = `${git.url}/${sample.name}`;
      const { project, task } = await client.api.projects.createFromGit.mutate({ workspaceId, name: "minimist", url });
      await client.waitUntil(task.taskId, ({ verdict }) => verdict === "succeeded");
      await client.signIn(page, quarterdeck.url);

      // The org: a plan, and limits that nothing below may exceed.
      await page.goto(`${quarterdeck.url}/servers`);
      await page.getByRole("link", { name: "Quotas" }).click();
      await page.getByText("Plan: enterprise").waitFor();
      await changeLimits(page, { CPU: "4", Memory: "8 GiB" });
      await row(page, "cpu").getByText("4 cores").waitFor();

      // The workspace: more than its parent has is refused where the person is; a size fills the fields in.
      await page.getByRole("link", { name: "Tests" }).click();
      await page.getByRole("heading", { name: "Quota of Tests" }).waitFor();
      await changeLimits(page, { CPU: "5" });
      await page.getByRole("dialog").getByText("would be given 5 cpu in all").waitFor();
      await page.getByRole("dialog").getByLabel("Fill in from a size").selectOption("small");
      await page.getByRole("dialog").getByLabel("Bandwidth", { exact: true }).fill("8 Mbit/s");
      await takeScreenshot(page, "quota-change");
      expect(await page.getByRole("dialog").getByLabel("Memory", { exact: true }).inputValue()).toBe("4Gi");
      await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
      await row(page, "cpu").getByText("2 cores").waitFor();
      // The limit is decided and no kernel was asked for it yet: nothing is green.
      expect(["notYet", "unsupported"]).toContain(await standing(page, "cpu"));
      const run = await client.run("true", []);
      await client.waitUntil(run.taskId, ({ verdict }) => verdict === "succeeded");
      // What this machine holds depends on what it has; that it is said of the new limit, with its source, does not.
      const said = async () => (await client.api.quotas.evidence.query({ nodeId: workspaceId })).items;
      await waitFor(async () => (await said()).some(({ resource, wanted }) => resource === "cpu" && wanted === 2000), {
        what: "what the server says of the new limit",
      });
      await page.reload();
      await row(page, "cpu").locator("time").waitFor();
      expect(["enforced", "unsupported"]).toContain(await standing(page, "cpu"));
      expect(["enforced", "unsupported"]).toContain(await standing(page, "io"));
      await row(page, "io").getByText("100 MB/s").first().waitFor();
      // What a run sends over the server's own network nobody can hold: the reason stands beside the quota, and no green badge.
      expect(await standing(page, "bandwidth")).toBe("unsupported");
      await row(page, "bandwidth").getByText("the server's own network").waitFor();

      // A kernel that holds something else is an alert here and on the server's page, and no badge in green.
      sayMismatch(quarterdeck.dataDir, workspaceId);
      await page.reload();
      await page.getByRole("alert").getByText("The server does not hold this limit: CPU").waitFor();
      expect(await standing(page, "cpu")).toBe("mismatch");
      await row(page, "cpu").getByText("Wanted 2 cores, the kernel says 4 cores").waitFor();
      found.push(...(await look(page, "quota-mismatch")));
      await page.goto(`${quarterdeck.url}/servers/${project.serverId}`);
      const alert = page.getByRole("alert").filter({ hasText: "does not hold limits" });
      await alert.getByText("CPU: wanted 2 cores, the kernel says 4 cores").waitFor();
      await page.getByText("Read back and signed by the bridge").waitFor();
      await takeScreenshot(page, "quota-server");
      await alert.getByRole("button", { name: "Acknowledge" }).click();
      await page.getByRole("alertdialog").getByRole("button", { name: "Acknowledge" }).click();
      await alert.waitFor({ state: "detached" });

      // The project: what a state does is shown before it is chosen, and the newest change is taken back.
      await page.goto(`${quarterdeck.url}/projects/${project.projectId}`);
      await page.getByRole("link", { name: "Quota", exact: true }).click();
      await page.getByRole("heading", { name: "Quota of minimist" }).waitFor();
      await changeLimits(page, { CPU: "1500m" });
      await row(page, "cpu").getByText("1.5 cores").waitFor();
      await page.getByRole("button", { name: "Change the state" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("State").selectOption("suspended");
      await dialog.locator('tr[data-resource="cpu"]').getByText("0.15 cores").waitFor();
      await dialog.locator('tr[data-resource="memory"]').getByText("410 MB").waitFor();
      found.push(...(await look(page, "quota-lifecycle")));
      await dialog.getByRole("button", { name: "Suspend" }).click();
      await dialog.waitFor({ state: "detached" });
      await row(page, "cpu").getByText("0.15 cores while Suspended").waitFor();
      await page.getByText("State: Suspended").waitFor();
      await takeScreenshot(page, "quota-project");
      await page.getByRole("button", { name: "Take back" }).click();
      await page.getByText("State: Active").waitFor();
      expect((await client.api.quotas.get.query({ nodeId: project.projectId })).lifecycle).toBe("active");

      // What it gets beside its siblings is changed and taken back like a limit.
      await changeLimits(page, { Weight: "3" });
      await page.getByText("Weight: 1 → 3").waitFor();
      await page.getByRole("button", { name: "Take back" }).click();
      await page.getByText("Weight: 3 → 1").waitFor();
      expect((await client.api.quotas.get.query({ nodeId: project.projectId })).weight).toBe(1);

      // What its runs may reach.
      await page.getByRole("link", { name: "Open the project" }).click();
      await page.getByRole("button", { name: "Edit the network access" }).click();
      await page.getByRole("dialog").getByLabel("Runs may reach").selectOption("allowList");
      await page.getByRole("dialog").getByLabel("Hosts").fill("packages.example.org\n127.0.0.1");
      await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
      await page.getByRole("dialog").getByText("127.0.0.1 must be the name of a host").waitFor();
      await takeScreenshot(page, "network");
      await page.getByRole("dialog").getByLabel("Hosts").fill("packages.example.org");
      await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
      await page.getByText("Only 1 host").waitFor();
      await takeScreenshot(page, "quota-network");

      // A run says what it reserves; what could never start is refused where the person is.
      await page.goto(`${quarterdeck.url}/workspaces/${workspaceId}`);
      await page.getByLabel("Program", { exact: true }).fill("true");
      await page.getByText("Reserve another amount").click();
      await page.getByLabel("CPU", { exact: true }).fill("3");
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("It asks for 3 cpu, and the limit of the workspace Tests is 2 cpu.").waitFor();
      await page.getByLabel("CPU", { exact: true }).fill("300m");
      await takeScreenshot(page, "run-demand");
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.getByText("0.3 cores,").waitFor();

      // While it waits its priority can be changed.
      await client.api.quotas.set.mutate({ nodeId: workspaceId, limits: { runs: 1 } });
      const long = await client.run("node", ["-e", "setTimeout(() => {}, 600_000)"]);
      await client.waitUntil(long.taskId, ({ state }) => state === "running");
      const next = await client.run("true", []);
      await page.goto(`${quarterdeck.url}/runs/${next.taskId}`);
      await page.getByText("Waiting for a limit").waitFor();
      await page.getByLabel("Priority").selectOption("high");
      await client.waitUntil(next.taskId, ({ priority }) => priority === "high");
      found.push(...(await look(page, "quota-run-waiting")));
      await client.api.tasks.cancel.mutate({ taskId: long.taskId });
      await client.waitUntil(next.taskId, ({ verdict }) => verdict === "succeeded");
      await client.close();
      expect(found).toEqual([]);
    });
  } finally {
    await git.close();
  }
});

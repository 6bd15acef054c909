import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { startGitServer } from "./support/git-server.ts";
import { findProblems } from "./support/look.ts";
import { makeSampleRepository } from "./support/sample-repository.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { withConsole } from "./support/with-console.ts";

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 360, height: 740 } } as const;
const schemes = ["light", "dark"] as const;

const everyLook = Object.entries(sizes).flatMap(([size, viewport]) =>
  schemes.map((colorScheme) => ({ size, viewport, colorScheme })),
);

/** Each size and each scheme once. */
const opposites = everyLook.filter(({ size, colorScheme }) => (size === "wide") === (colorScheme === "light"));

it("can be used by everybody: every page, wide and narrow, light and dark", { timeout: 480_000 }, async () => {
  using work = temporaryFolder();
  using served = temporaryFolder();
  const sample = makeSampleRepository(served.path, work.path);
  const git = await startGitServer(served.path);
  try {
    await withConsole("accessibility", async ({ quarterdeck, page }) => {
      const found: string[] = [];
      const lookAt = async (label: string) => {
        await takeScreenshot(page, `page-${label}`);
        found.push(...(await findProblems(page, label)));
      };
      const visit = async (name: string, path: string, looks = everyLook) => {
        for (const { size, viewport, colorScheme } of looks) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.goto("about:blank");
          await page.goto(path);
          await page.getByRole("heading").first().waitFor();
          await page.locator("[data-skeleton]").first().waitFor({ state: "detached" });
          await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
          await lookAt(`${name}-${size}-${colorScheme}`);
        }
      };
      await visit("set-up", quarterdeck.setupLink ?? "");

      const client = await setUp(quarterdeck);
      await visit("sign-in", `${quarterdeck.url}/sign-in`);
      await client.signIn(page, quarterdeck.url);
      const workspaceId = await client.workspaceId();
      const url = `${git.url}/${sample.name}`;
      const { project, task } = await client.api.projects.createFromGit.mutate({ workspaceId, name: "minimist", url });
      await client.waitUntil(task.taskId, ({ verdict }) => verdict === "succeeded");
      const script = 'for (let i = 1; i <= 40; i++) console.log("\\x1b[32mok\\x1b[0m", i, "x".repeat(i * 6))';
      const run = await client.run("node", ["-e", script]);
      await client.waitUntil(run.taskId, ({ state }) => state === "ended");
      await visit("servers", `${quarterdeck.url}/servers`);
      await visit("server", `${quarterdeck.url}/servers/${project.serverId}`);
      await visit("workspaces", `${quarterdeck.url}/workspaces`);
      await visit("workspace", `${quarterdeck.url}/workspaces/${workspaceId}`);
      await visit("project", `${quarterdeck.url}/projects/${project.projectId}`);
      await visit("quotas", `${quarterdeck.url}/quotas`);
      await visit("quota", `${quarterdeck.url}/quotas/${project.projectId}`);
      await visit("run", `${quarterdeck.url}/runs/${run.taskId}`);
      // As they are before anybody else is there; with something on them their own tests look at them.
      for (const name of ["account", "organization", "members", "invitations", "audit", "rate-limits"])
        await visit(`settings-${name}`, `${quarterdeck.url}/settings/${name}`, opposites);
      await visit("operator", `${quarterdeck.url}/operator`, opposites);
      await visit("accept-invitation", `${quarterdeck.url}/invitations/accept`, opposites);
      await visit("not-found", `${quarterdeck.url}/nothing-here`);

      const serverPage = `${quarterdeck.url}/servers/${project.serverId}`;
      await page.goto(serverPage);
      await page.getByRole("button", { name: "Remove", exact: true }).click();
      const question = page.getByRole("alertdialog");
      await question.waitFor();
      await lookAt("remove-server");
      await question.getByRole("button", { name: "Remove the server" }).click();
      // A workspace lives on it.
      const { name } = await client.api.servers.get.query({ serverId: project.serverId });
      await question.getByLabel("Name of the server").fill(name);
      await lookAt("remove-server-by-name");
      await question.getByRole("button", { name: "Remove the server" }).click();
      await page.getByRole("alert").filter({ hasText: "This server was removed" }).waitFor();
      // Nothing is offered that a removed server would not do.
      await question.waitFor({ state: "detached" });
      for (const name of ["Remove", "New workspace"])
        await page.getByRole("button", { name }).waitFor({ state: "detached" });
      await visit("server-removed", serverPage);
      await visit("workspace-removed", `${quarterdeck.url}/workspaces/${workspaceId}`);
      await client.close();
      expect(found).toEqual([]);
    });
  } finally {
    await git.close();
  }
});

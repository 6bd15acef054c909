import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { createAccount, createWorkspace, output, runProgram, verdict } from "./support/console.ts";
import { startGitServer } from "./support/git-server.ts";
import { processesNaming } from "./support/quarterdeck.ts";
import { makeSampleRepository } from "./support/sample-repository.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

it("clones a real package, runs its own tests, and shows the commit that breaks one", {
  timeout: 240_000,
}, async () => {
  using work = temporaryFolder();
  using served = temporaryFolder();
  const sample = makeSampleRepository(served.path, work.path);
  const git = await startGitServer(served.path);
  try {
    await withConsole("project", async ({ quarterdeck, page }) => {
      await createAccount(page, quarterdeck);
      await createWorkspace(page, quarterdeck.url, "Libraries");

      await page.getByRole("button", { name: "New project" }).first().click();
      const dialog = page.getByRole("dialog");
      await dialog.getByLabel("Name").fill("minimist");
      await dialog.getByLabel("Git address").fill(`${git.url}/${sample.name}`);
      await dialog.getByRole("button", { name: "Create project" }).click();

      // Branch, last commit and files come from the server.
      await page.getByRole("heading", { name: "minimist" }).waitFor();
      await page.getByText("Import minimist").first().waitFor();
      await page.getByText("main", { exact: true }).first().waitFor();
      await page.getByText("index.js").first().waitFor();
      await takeScreenshot(page, "project");
      const projectUrl = page.url();

      await page.getByRole("button", { name: "Run tests" }).click();
      await page.waitForURL(/\/(runs|tasks)\//);
      expect(await verdict(page, 120_000)).toBe("succeeded");
      // Verdict and output come on ways of their own.
      const log = output(page);
      await waitFor(async () => /# pass +\d+/.test(await log.innerText()), { what: "the output of the tests" });
      const passed = await log.innerText();
      expect(passed).not.toMatch(/^not ok/m);
      await takeScreenshot(page, "tests-passed");

      // A commit that breaks one test is pulled, run, and shown as failed.
      sample.commit("Break the parsing of numbers", (folder) => {
        const file = join(folder, "index.js");
        const source = readFileSync(file, "utf8");
        const broken = source.replace("(/^0x[0-9a-f]+$/i).test(x)", "x === 'no hexadecimal numbers any more'");
        expect(broken).not.toBe(source);
        writeFileSync(file, broken);
      });
      await page.goto(projectUrl);
      await page.getByRole("button", { name: "Pull" }).click();
      await waitFor(
        async () => (await page.getByText("Break the parsing of numbers").count()) > 0 || page.url() !== projectUrl,
        { what: "the pull to start" },
      );
      if (page.url() !== projectUrl) {
        expect(await verdict(page)).toBe("succeeded");
        await page.goto(projectUrl);
      }
      await page.getByText("Break the parsing of numbers").first().waitFor();
      await page.getByRole("button", { name: "Run tests" }).click();
      await page.waitForURL(/\/(runs|tasks)\//);
      expect(await verdict(page, 120_000)).toBe("failed");
      await waitFor(async () => /^not ok/m.test(await output(page).innerText()), {
        what: "the output of the test that fails",
      });
      await takeScreenshot(page, "tests-failed");

      // The log comes back from the server when the page is opened again.
      await page.reload();
      await waitFor(async () => /^not ok/m.test(await output(page).innerText()), { what: "the log to come back" });
    });
  } finally {
    await git.close();
  }
});

it("[S8] cancels a running program and leaves none of its processes, not even one that hides", {
  timeout: 120_000,
}, async () => {
  await withConsole("cancel", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);
    await createWorkspace(page, quarterdeck.url, "Cancel");
    const mark = "86311";
    const script =
      `const { spawn } = require("child_process"); process.on("SIGTERM", () => {}); ` +
      `spawn("setsid", ["sleep", "${mark}"], { detached: true, stdio: "ignore" }).unref(); console.log("ready"); setInterval(() => {}, 1000)`;
    await runProgram(page, "node", `-e '${script}'`);
    await output(page).getByText("ready").waitFor();
    await waitFor(() => processesNaming(mark).length > 0, { what: "the hidden process" });
    await page.getByRole("button", { name: "Cancel run" }).click();
    await page
      .getByRole("alertdialog")
      .or(page.getByRole("dialog"))
      .getByRole("button", { name: "Cancel run" })
      .click();
    expect(await verdict(page)).toBe("cancelled");
    expect(processesNaming(mark)).toEqual([]);
    await takeScreenshot(page, "run-cancelled");
  });
});

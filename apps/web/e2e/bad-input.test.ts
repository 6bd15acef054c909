import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { outputOf, setUp } from "./support/client.ts";
import { account, createWorkspace, verdict } from "./support/console.ts";
import { startGitServer } from "./support/git-server.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

it("[T7] says the same to a wrong password and to an unknown address, and keeps what was typed", async () => {
  await withConsole("sign-in", async ({ quarterdeck, page }) => {
    await (await setUp(quarterdeck)).close();
    const trySignIn = async (email: string) => {
      await page.goto(`${quarterdeck.url}/sign-in`);
      await page.getByLabel("Email").fill(email);
      await page.getByLabel("Password", { exact: true }).fill("not the password at all");
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      const alert = await page.getByRole("alert").first().innerText();
      expect(await page.getByLabel("Email").inputValue()).toBe(email);
      return alert;
    };
    const wrongPassword = await trySignIn(account.email);
    const unknownAddress = await trySignIn("nobody@example.org");
    expect(unknownAddress).toBe(wrongPassword);
    await takeScreenshot(page, "wrong-password");
    await page.getByLabel("Email").fill(account.email);
    await page.getByLabel("Password", { exact: true }).fill(account.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();
  });
});

it("refuses a set-up link that was used, and one that was made up", async () => {
  await withConsole("set-up-link", async ({ quarterdeck, page }) => {
    const madeUp = (quarterdeck.setupLink ?? "").replace(/token=.*/, "token=qd_setup_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    await page.goto(madeUp);
    await page.getByLabel("Email").fill(account.email);
    await page.getByLabel("Password", { exact: true }).fill(account.password);
    await page.getByLabel("Organization name").fill(account.orgName);
    await page.getByRole("button", { name: "Create account" }).click();
    expect(await page.getByRole("alert").first().innerText()).toMatch(/link/i);
    await takeScreenshot(page, "set-up-made-up");
    await (await setUp(quarterdeck)).close();
    await page.goto("about:blank"); // else the browser only notices that nothing but the fragment changed
    await page.goto(quarterdeck.setupLink ?? "");
    await page.getByText("already set up").first().waitFor();
  });
});

it("[S1][S2] answers names, addresses and programs that it cannot take where the user is, and creates nothing", {
  timeout: 120_000,
}, async () => {
  using served = temporaryFolder();
  const git = await startGitServer(served.path, (path) => path.startsWith("/private"));
  try {
    await withConsole("bad-names", async ({ quarterdeck, page }) => {
      const client = await setUp(quarterdeck);
      await client.signIn(page, quarterdeck.url);
      await client.workspaceId();

      // Names of workspaces: refused with a reason, or taken as they are and nothing more than a name.
      await page.goto(`${quarterdeck.url}/workspaces`);
      await page.getByRole("button", { name: "New workspace" }).first().click();
      const dialog = page.getByRole("dialog");
      for (const name of ["   ", "x".repeat(10_000), "../x", "; rm -rf /"]) {
        await dialog.getByLabel("Name").fill(name);
        const submit = dialog.getByRole("button", { name: "Create workspace" });
        if (await submit.isEnabled()) await submit.click();
        await waitFor(
          async () =>
            (await submit.isDisabled()) ||
            (await dialog.getByRole("alert").count()) > 0 ||
            (await dialog.locator("[aria-invalid=true]").count()) > 0,
          {
            what: `a refusal of ${name.slice(0, 20)}`,
          },
        );
        expect(await dialog.isVisible()).toBe(true);
      }
      await takeScreenshot(page, "bad-name");
      expect(await client.api.workspaces.list.query()).toHaveLength(1);
      await page.keyboard.press("Escape");
      for (const name of ["مشروع تجريبي", "🚀 launch", "; rm -rf"]) await createWorkspace(page, quarterdeck.url, name);
      await page.goto(`${quarterdeck.url}/workspaces`);
      await takeScreenshot(page, "names-of-any-script");

      // Addresses that are refused before anything is sent to the server.
      await page.getByRole("link", { name: "; rm -rf" }).click();
      await page.getByRole("heading", { name: "; rm -rf" }).waitFor();
      const workspaceUrl = page.url();
      await page.getByRole("button", { name: "New project" }).first().click();
      await dialog.getByLabel("Name").fill("Bad");
      for (const url of [
        "ext::sh -c id",
        "file:///etc",
        "--upload-pack=id",
        "git://example.org/a",
        "https://user:secret@example.org/a.git",
      ]) {
        await dialog.getByLabel("Git address").fill(url);
        await dialog.getByRole("button", { name: "Create project" }).click();
        await waitFor(
          async () =>
            (await dialog.locator("[aria-invalid=true]").count()) > 0 || (await dialog.getByRole("alert").count()) > 0,
          { what: `a refusal of ${url}` },
        );
        expect(await dialog.getByLabel("Git address").inputValue()).toBe(url);
      }
      await takeScreenshot(page, "bad-git-address");

      // Addresses that turn out bad on the server: the project says why and can be tried again.
      for (const [name, path, reason] of [
        ["Missing", "nothing-here.git", /exist|not found/i],
        ["Private", "private/repository.git", /password|sign in|credentials/i],
      ] as const) {
        await page.goto(workspaceUrl);
        await page.getByRole("button", { name: "New project" }).first().click();
        await dialog.getByLabel("Name").fill(name);
        await dialog.getByLabel("Git address").fill(`${git.url}/${path}`);
        await dialog.getByRole("button", { name: "Create project" }).click();
        await page.getByText("could not be cloned").first().waitFor();
        await page.getByText(reason).first().waitFor();
        await page.getByRole("button", { name: "Clone again" }).first().waitFor();
        await takeScreenshot(page, `clone-failed-${name.toLowerCase()}`);
      }

      // A program that is not on the list.
      await page.goto(workspaceUrl);
      await page.getByLabel("Program").fill("bash");
      await page.getByLabel("Arguments").fill("-c id");
      const run = page.getByRole("button", { name: "Run", exact: true });
      if (await run.isEnabled()) await run.click();
      await page
        .getByText(/allowed/i)
        .first()
        .waitFor();
      await takeScreenshot(page, "program-not-allowed");

      // Metacharacters arrive as they are.
      const literal = await client.run("printf", ["%s|", "; id", "$(id)", "`id`", "*", "a\nb", '"', "'"]);
      const ended = await client.waitUntil(literal.taskId, (task) => task.state === "ended");
      expect(await outputOf(ended)).toBe("; id|$(id)|`id`|*|a\nb|\"|'|");
      await client.close();
    });
  } finally {
    await git.close();
  }
});

it("says that a task waits while the relay is down, and runs it afterwards", {
  timeout: 120_000,
}, async () => {
  await withConsole("waiting", async ({ quarterdeck, page }) => {
    const client = await setUp(quarterdeck);
    await client.signIn(page, quarterdeck.url);
    await client.workspaceId();
    const relay = quarterdeck.pidOf("relay");
    if (!relay) throw new Error("the relay does not run");
    process.kill(relay, "SIGSTOP");
    const outboxed = await client.run("echo", ["after the relay"]);
    await page.goto(`${quarterdeck.url}/runs/${outboxed.taskId}`);
    await page.getByText("Waiting for the relay").first().waitFor({ timeout: 40_000 });
    await takeScreenshot(page, "waiting-for-the-relay");
    process.kill(relay, "SIGCONT");
    expect(await verdict(page)).toBe("succeeded");
    await client.close();
  });
});

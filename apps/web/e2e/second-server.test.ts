import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { newTaskId, signIn } from "./support/client.ts";
import { createAccount, output, verdict } from "./support/console.ts";
import { collect, killIfAlive, processesNaming } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

it("brings a second server up with the one command that the console shows", { timeout: 120_000 }, async () => {
  using elsewhere = temporaryFolder();
  // Another machine: its own home, no cache, no settings; only Node and npm.
  const home = join(elsewhere.path, "home");
  mkdirSync(home);
  const onOtherMachine = (command: string, folder: string) => {
    const [program = "", ...args] = command.split(" ");
    const child = spawn(program, [...args, "--data", join(elsewhere.path, folder)], {
      cwd: elsewhere.path,
      env: { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`, HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // a terminal's foreground group of its own, so that Ctrl-C can be played
    });
    return { child, printed: collect(child) };
  };
  try {
    await withConsole("second-server", async ({ quarterdeck, page }) => {
      await createAccount(page, quarterdeck);
      await page.getByRole("button", { name: "Connect a server" }).first().click();
      const dialog = page.getByRole("dialog");
      const command = await waitFor(async () => /npx \S.*--platform-key \S+/.exec(await dialog.innerText())?.[0], {
        what: "the command",
      });
      expect(command).toContain("--token qd_enrol_");
      await takeScreenshot(page, "connect-a-server");

      const first = onOtherMachine(command, "bridge");
      await dialog
        .getByText(/connected/i)
        .first()
        .waitFor({ timeout: 60_000 });
      await takeScreenshot(page, "connected");
      await page.keyboard.press("Escape");
      await waitFor(async () => (await page.getByText("Online").count()) >= 2, {
        what: () => `two servers online; it printed: ${first.printed()}`,
      });

      // The token worked once: a second machine is told so and gets nothing.
      const second = onOtherMachine(command, "another");
      await waitFor(() => second.child.exitCode !== null, { what: "the second use to end", timeoutMs: 60_000 });
      expect(second.child.exitCode).not.toBe(0);
      expect(second.printed()).toMatch(/used/i);

      // Stopped, it is shown as offline, without reload.
      process.kill(-(first.child.pid ?? Number.NaN), "SIGINT");
      await page.getByText("Offline").first().waitFor();

      // A task for it waits and says so, and runs when it is back.
      const client = await signIn(quarterdeck.url);
      const server = (await client.api.servers.list.query()).find(({ isThisMachine }) => !isThisMachine);
      if (!server) throw new Error("the second server is gone");
      const { workspaceId } = await client.api.workspaces.create.mutate({ name: "Away", serverId: server.serverId });
      const params = { program: "echo", args: ["back again"] };
      const taskId = newTaskId();
      await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
      await client.close();
      await page.goto(`${quarterdeck.url}/runs/${taskId}`);
      await page.getByText("Waiting for the server").first().waitFor();
      await takeScreenshot(page, "waiting-for-the-server");
      onOtherMachine(command, "bridge");
      expect(await verdict(page)).toBe("succeeded");
      await output(page).getByText("back again").waitFor();
    });
  } finally {
    for (const pid of processesNaming(elsewhere.path)) killIfAlive(pid);
  }
});

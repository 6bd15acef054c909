import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { signIn } from "./support/client.ts";
import { createAccount, runProgram, verdict } from "./support/console.ts";
import { withConsole } from "./support/with-console.ts";
import type { TaskId } from "@quarterdeck/core/ids";

it("runs after another run when that has succeeded, says what it waits for, and is given up when that was cancelled", {
  timeout: 120_000,
}, async () => {
  await withConsole("run-after", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);
    const client = await signIn(quarterdeck.url);
    const form = `${quarterdeck.url}/workspaces/${await client.workspaceId()}`;
    const submitAfter = async (taskId: TaskId) => {
      await page.goto(form);
      await page.getByLabel("Run after").selectOption(taskId);
      await runProgram(page, "node", "-e 'console.log(1)'");
      return page.url().split("/").at(-1) as TaskId;
    };

    const first = await client.run("node", ["-e", "setTimeout(() => {}, 864003)"]);
    const given = await submitAfter(first.taskId);
    await page.getByText("Waiting for a task that must succeed first.").waitFor();
    await page.getByRole("link", { name: "Run 1" }).waitFor();
    await takeScreenshot(page, "run-after");
    await client.api.tasks.cancel.mutate({ taskId: first.taskId });
    expect(await verdict(page)).toBe("refused");
    await page.getByText("A task that it was to run after did not succeed").waitFor();
    expect(await client.waitUntil(given, ({ state }) => state === "ended")).toMatchObject({
      code: "DEPENDENCY_FAILED",
      startedAtMs: null,
    });

    const untilGo = `setInterval(() => require("fs").existsSync("go") && process.exit(0), 50)`;
    const second = await client.run("node", ["-e", untilGo]);
    const follower = await submitAfter(second.taskId);
    await client.run("node", ["-e", `require("fs").writeFileSync("go", "")`]);
    expect(await verdict(page)).toBe("succeeded");
    const [before, after] = await Promise.all(
      [second.taskId, follower].map((taskId) => client.waitUntil(taskId, ({ state }) => state === "ended")),
    );
    expect(after?.startedAtMs).toBeGreaterThanOrEqual(before?.endedAtMs ?? Infinity);
    await client.close();
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { signIn, type TaskView } from "./support/client.ts";
import { account, createAccount } from "./support/console.ts";
import { killIfAlive, processesNaming, type Quarterdeck } from "./support/quarterdeck.ts";
import { scratchOf } from "./support/scratch.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

/** Kills the wrapper of a run and its program, as the machine's memory killer does. */
function cutOff({ dataDir }: Quarterdeck, { runId }: TaskView, seconds: string): void {
  const marker = JSON.parse(readFileSync(`${dataDir}/bridge/runs/${runId}/started`, "utf8")) as { pid: number };
  process.kill(marker.pid, "SIGKILL");
  for (const pid of processesNaming(seconds)) killIfAlive(pid); // The end of one takes others of its sandbox along.
}

it("[F4] asks what became of a run that was cut off, records who decided what, and runs it again when told to", {
  timeout: 120_000,
}, async () => {
  const script = (seconds: string) => `require("fs").appendFileSync("marker", "x"); setTimeout(() => {}, ${seconds})`;
  await withConsole("unknown-outcome", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);
    const client = await signIn(quarterdeck.url);
    const unknown = async (seconds: string) => {
      const starts = readStarts(quarterdeck);
      const { taskId } = await client.run("node", ["-e", script(seconds)]);
      const running = await client.waitUntil(taskId, ({ state }) => state === "running");
      await waitFor(() => readStarts(quarterdeck) > starts, { what: "the program to run" });
      await page.goto(`${quarterdeck.url}/runs/${taskId}`);
      cutOff(quarterdeck, running, seconds);
      await page.getByRole("group", { name: "What became of it?" }).waitFor({ timeout: 30_000 });
      return client.waitUntil(taskId, ({ state }) => state === "ended");
    };
    const choose = (name: string) => page.getByRole("button", { name, exact: true }).click();

    const failed = await unknown("864001");
    expect(failed).toMatchObject({ verdict: "indeterminate", code: "CUT_OFF", resolution: null });
    await page.getByText("It started and was cut off").waitFor();
    await takeScreenshot(page, "unknown-outcome");
    await choose("Mark as failed");
    await page.getByText(`Marked as failed by ${account.email}.`).waitFor();
    await page.getByRole("group", { name: "What became of it?" }).waitFor({ state: "detached" });
    const decided = await client.api.tasks.get.query({ taskId: failed.taskId });
    expect(decided).toMatchObject({ verdict: "indeterminate", resolution: { outcome: "failed", rerunTaskId: null } });

    const again = await unknown("864002");
    const before = readStarts(quarterdeck);
    await choose("Run again");
    await page.getByText("This repeats a run whose outcome is unknown.").waitFor();
    expect(page.url()).not.toContain(again.taskId);
    const { resolution } = await client.api.tasks.get.query({ taskId: again.taskId });
    expect(resolution?.outcome).toBe("runAgain");
    expect(page.url()).toContain(resolution?.rerunTaskId);
    await waitFor(() => readStarts(quarterdeck) === before + 1, { what: "the new run to start, once" });
    await page.getByRole("link", { name: "Open that run" }).click();
    await page.getByText(`Run again by ${account.email}.`).waitFor();
    await takeScreenshot(page, "unknown-outcome-decided");
    await client.close();
  });
});

/** How often the program was started. */
function readStarts(quarterdeck: Quarterdeck): number {
  try {
    return readFileSync(join(scratchOf(quarterdeck), "marker"), "utf8").length;
  } catch {
    return 0; // Not once.
  }
}

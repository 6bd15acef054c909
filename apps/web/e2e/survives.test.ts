import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp, signIn } from "./support/client.ts";
import { createAccount, createWorkspace, output, runProgram, verdict } from "./support/console.ts";
import { isAlive, processesNaming, startQuarterdeck, type Part } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { scratchOf } from "./support/scratch.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

// Says on disk that it started, then counts until it may end; so a second start and a lost line would both be seen.
const countingScript =
  'const fs = require("fs"); fs.appendFileSync("marker", "started\\n"); let i = 0; ' +
  'const t = setInterval(() => { console.log("line", ++i); if (fs.existsSync("marker-end")) clearInterval(t); }, 150)';

it("[F3][F4] loses nothing when bridge, relay and API are killed while a run is going", {
  timeout: 120_000,
}, async () => {
  await withConsole("survives", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);
    await createWorkspace(page, quarterdeck.url, "Storm");
    await runProgram(page, "node", `-e '${countingScript}'`);
    await output(page).getByText("line 1").first().waitFor();

    for (const part of ["bridge", "relay", "api"] satisfies Part[]) {
      const killed = await waitFor(() => quarterdeck.pidOf(part), { what: `the process of ${part}` });
      process.kill(killed, "SIGKILL");
      await waitFor(() => !isAlive(killed), { what: `${part} to be gone` });
      const back = await waitFor(
        () => {
          const pid = quarterdeck.pidOf(part);
          return pid !== killed ? pid : undefined;
        },
        { what: `${part} to come back` },
      );
      expect(back).not.toBe(killed);
      if (part === "relay") await takeScreenshot(page, "connection-lost");
      // Output goes on: what is shown grows past what was shown when it came back.
      const shown = async () => (await output(page).innerText()).match(/line \d+/g)?.length ?? 0;
      const atReturn = await shown();
      await waitFor(async () => (await shown()) > atReturn, { what: `output after the return of ${part}` });
    }

    const marker = join(scratchOf(quarterdeck), "marker");
    writeFileSync(`${marker}-end`, "");
    expect(await verdict(page, 60_000)).toBe("succeeded");
    await page
      .getByText(/connection was lost|Reconnected/i)
      .first()
      .waitFor();
    await takeScreenshot(page, "survived");
    expect(readFileSync(marker, "utf8")).toBe("started\n");

    // The whole log, as the server has it: each line once, in order.
    const client = await signIn(quarterdeck.url);
    const { tasks } = await client.api.tasks.list.query({ limit: 10 });
    await client.close();
    expect(tasks).toHaveLength(1);
    const log = readFileSync(`${quarterdeck.dataDir}/bridge/runs/${tasks[0]?.runId}/output`, "utf8");
    const lines = log.split("\n").length - 1;
    await waitFor(async () => (await output(page).innerText()).includes(`line ${lines}`), { what: "the last line" });
    expect(log).toBe(Array.from({ length: lines }, (_, i) => `line ${i + 1}\n`).join(""));
    expect(tasks[0]).toMatchObject({ verdict: "succeeded", exitCode: 0, outputBytes: log.length });
  });
});

it("[F4] says that a run was interrupted when the whole platform was killed, and leaves no process of it", {
  timeout: 120_000,
}, async () => {
  using data = temporaryFolder();
  const first = await startQuarterdeck({ dataDir: data.path });
  const client = await setUp(first);
  const { taskId } = await client.run("sleep", ["86399"]);
  await client.waitUntil(taskId, (task) => task.state === "running");
  await client.close();
  first.process.kill("SIGKILL");
  await waitFor(() => processesNaming("86399").length === 0 && processesNaming(data.path).length === 0, {
    what: "no process to be left",
  });

  const second = await startQuarterdeck({ dataDir: data.path });
  const again = await signIn(second.url);
  const ended = await again.waitUntil(taskId, (task) => task.state === "ended");
  expect(ended).toMatchObject({ verdict: "interrupted" });
  await again.close();
  await second.stop();
});

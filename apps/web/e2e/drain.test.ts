import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { setUp } from "./support/client.ts";
import { repositoryRoot, startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

it("has the servers leave before a deployment: they come back by themselves, and what runs goes on", async () => {
  using folder = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: join(folder.path, "data") });
  const client = await setUp(quarterdeck);
  try {
    const { taskId } = await client.run("sleep", ["4"]);
    await client.waitUntil(taskId, ({ state }) => state === "running");
    const [before] = await client.api.servers.list.query();
    const command = join(repositoryRoot, "apps/api/src/operator/drain-command.ts");
    const args = [command, "--within", "1", "--data", quarterdeck.dataDir];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toContain("1 connected server was told to leave within 1 s");
    await waitFor(
      async () => {
        const [server] = await client.api.servers.list.query();
        return server?.status === "online" && server.statusSinceMs > (before?.statusSinceMs ?? 0);
      },
      { what: "the server to be back" },
    );
    expect(await client.waitUntil(taskId, ({ state }) => state === "ended")).toMatchObject({ verdict: "succeeded" });
  } finally {
    await client.close();
    await quarterdeck.stop();
  }
});

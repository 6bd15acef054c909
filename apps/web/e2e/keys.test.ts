import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { setUp } from "./support/client.ts";
import { repositoryRoot, startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

it("changes the platform's keys under way: nothing restarts, every run goes on, a revoked key and a removed server are out", async () => {
  using folder = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: join(folder.path, "data") });
  const client = await setUp(quarterdeck);
  try {
    const command = join(repositoryRoot, "apps/api/src/keys/keys-command.ts");
    const keys = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, [command, ...args, "--data", quarterdeck.dataDir])).stdout;
    const untilTaken = (version: number) =>
      waitFor(
        async () => {
          const status = await keys();
          return status.includes(`version   ${version}`) && /online .*: has these keys/.test(status);
        },
        { what: `version ${version} to be on the server` },
      );
    const runs = async () => {
      const { taskId } = await client.run("echo", ["x"]);
      return (await client.waitUntil(taskId, ({ state }) => state === "ended")).verdict;
    };
    expect(await runs()).toBe("succeeded");
    const parts = () => (["api", "relay", "bridge"] as const).map((part) => quarterdeck.pidOf(part));
    const before = parts();
    const { taskId: longer } = await client.run("sleep", ["5"]);
    await client.waitUntil(longer, ({ state }) => state === "running");

    await keys("rotate");
    await untilTaken(2);
    expect(await runs()).toBe("succeeded");
    await keys("retire");
    await untilTaken(3);
    await keys("revoke", "current");
    await untilTaken(4);
    expect(await runs()).toBe("succeeded");
    expect(await client.waitUntil(longer, ({ state }) => state === "ended")).toMatchObject({ verdict: "succeeded" });
    expect(parts()).toEqual(before);

    const [server] = await client.api.servers.list.query();
    const serverId = server?.serverId ?? ("" as never);
    await client.api.servers.revoke.mutate({ serverId, confirmName: server?.name ?? null });
    await waitFor(async () => (await client.api.servers.get.query({ serverId })).status === "offline", {
      what: "the server to be gone",
      timeoutMs: 5000,
    });
  } finally {
    await client.close();
    await quarterdeck.stop();
  }
});

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { setUp, signIn } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

const api = join(import.meta.dirname, "../../api/src/backup");

async function run(name: "backup" | "restore", ...args: string[]): Promise<string> {
  const env = { PATH: process.env["PATH"], QUARTERDECK_BACKUP_PASSPHRASE: "a boat full of pears" };
  return (await promisify(execFile)(process.execPath, [join(api, `${name}-command.ts`), ...args], { env })).stdout;
}

it("a platform that was backed up while it ran starts from that elsewhere, and its server goes on working", {
  timeout: 180_000,
}, async () => {
  using data = temporaryFolder();
  using elsewhere = temporaryFolder();
  const archive = join(elsewhere.path, "one.qdbackup");
  const before = await startQuarterdeck({ dataDir: data.path });
  try {
    const client = await setUp(before);
    const { taskId } = await client.run("echo", ["before"]);
    await client.waitUntil(taskId, ({ verdict }) => verdict === "succeeded");
    // While one runs and others come.
    const slow = await client.run("sleep", ["3600"]);
    await client.waitUntil(slow.taskId, ({ state }) => state === "running");
    await Promise.all([run("backup", archive, "--data", data.path), client.run("echo", ["meanwhile"])]);
    expect(await run("restore", archive, "--rehearse", "--scratch", elsewhere.path)).toMatch(
      /relay {9}2 files of objects, whole[\s\S]*can be restored/,
    );
    await client.close();
  } finally {
    await before.stop();
  }
  const restored = join(elsewhere.path, "data");
  await run("restore", archive, "--data", restored);
  const after = await startQuarterdeck({ dataDir: restored });
  try {
    const client = await signIn(after.url);
    const { tasks } = await client.api.tasks.list.query({ limit: 10 });
    expect(tasks.some(({ verdict }) => verdict === "succeeded")).toBe(true);
    // What ran is not on this machine any more: it is said so, and does not start again.
    const slow = tasks.find(({ state, verdict }) => state === "running" || verdict === "indeterminate");
    expect(slow).toBeDefined();
    await client.waitUntil(slow!.taskId, ({ verdict }) => verdict === "indeterminate", 60_000);
    const { workspaceId } = (await client.api.workspaces.list.query())[0]!;
    expect(workspaceId).toBe(await client.workspaceId());
    const { taskId } = await client.run("echo", ["after"]);
    await client.waitUntil(taskId, ({ state }) => state === "ended", 60_000);
    expect(await client.api.tasks.get.query({ taskId })).toMatchObject({ verdict: "succeeded" });
    await client.close();
  } finally {
    await after.stop();
  }
});

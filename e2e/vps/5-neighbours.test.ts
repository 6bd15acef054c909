import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import type { ProjectId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newTaskId, outputOf, signIn, type TaskView, type TestClient } from "../../apps/web/e2e/support/client.ts";
import { waitFor } from "../../apps/web/e2e/support/wait-for.ts";
import { waitUntilOnline, workspaceOn } from "./support/installed-server.ts";
import { RunGroupFiles } from "./support/run-group-files.ts";
import { sampleProject } from "./support/sample-project.ts";
import { server, stage } from "./support/stage.ts";

const runMs = 480_000;
/** Of what a run was promised it may miss a tenth. */
const leastPart = 0.9;

let client: TestClient;
let workspaceId: WorkspaceId;
let projectId: ProjectId;
let services: string;
const servicePids = () => server.sh("systemctl show -P MainPID quarterdeck-bridge quarterdeck-helper");

beforeAll(async () => {
  client = await signIn(stage.url, stage.urlFromServer);
  workspaceId = await workspaceOn(client, (await waitUntilOnline(client)).serverId);
  projectId = await sampleProject(client, workspaceId);
  services = await servicePids();
});
afterAll(() => client.close());

const ended = (taskId: TaskId) => client.waitUntil(taskId, ({ state }) => state === "ended", runMs);

async function start(place: ProjectId | null, script: string): Promise<TaskView> {
  const taskId = newTaskId();
  const params = { program: "node", args: ["-e", script] };
  await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: place, action: "exec", params });
  return client.waitUntil(taskId, ({ state }) => state === "running", runMs);
}

async function cancel({ taskId }: TaskView): Promise<void> {
  await client.api.tasks.cancel.mutate({ taskId });
  expect(await ended(taskId)).toMatchObject({ verdict: "cancelled" });
}

/** The bridge is the one that it was, and its server online. */
async function expectConnected(): Promise<void> {
  expect(await servicePids()).toBe(services);
  expect((await waitUntilOnline(client)).status).toBe("online");
}

const policy = "/etc/quarterdeck/policy.toml";

/** A line that the shipped policy has as a comment, in force until it is disposed of. */
async function withPolicyLine(name: string, value: string): Promise<AsyncDisposable> {
  await server.sh(`cp -p ${policy} ${policy}.before`);
  const restore = async () => void (await server.sh(`mv ${policy}.before ${policy}`));
  try {
    await server.sh(
      `sed -i 's/^# ${name} = .*/${name} = ${value}/' ${policy} && grep -q '^${name} = ${value}$' ${policy}`,
    );
    await server.sh("quarterdeck-bridge policy check");
  } catch (error) {
    await restore();
    throw error;
  }
  return { [Symbol.asyncDispose]: restore };
}

const filesOf = (place: ProjectId | null, { runId }: TaskView) =>
  new RunGroupFiles(server, { workspaceId, projectId: place, runId });

describe("[S8] beside a neighbour", () => {
  it("what takes all processors gets no more than its limit, and the neighbour what it was promised", async () => {
    const hog = await start(
      projectId,
      `for (let i = 0; i < 8; i++) require("node:child_process").spawn("perl", ["-e", "1 while 1"]); setInterval(() => {}, 1000);`,
    );
    const neighbour = await start(null, "for (;;);");
    const [hogFiles, neighbourFiles] = [filesOf(projectId, hog), filesOf(null, neighbour)];
    const limits = await hogFiles.run(["cpu.max", "cpu.weight"]);
    const [, weight] = await neighbourFiles.run(["cpu.max", "cpu.weight"]);
    const [quotaUsec = 0, periodUsec = 1] = (limits[0] ?? "").split(" ").map(Number);
    const allowed = (quotaUsec / periodUsec) * 1000;
    const promised = Number(weight) * 10; // A weight of one stands for ten millicores.
    expect(promised).toBe(400);
    const hasStarted = async () => (await hogFiles.run(["pids.current"])).every((tasks) => Number(tasks) > 8);
    await waitFor(hasStarted, { what: "the processes of the hog", timeoutMs: runMs });

    const used = await server.millicoresOf([hogFiles.directory, neighbourFiles.directory]);
    expect(used[0]).toBeLessThanOrEqual(allowed * (2 - leastPart));
    expect(used[1]).toBeGreaterThanOrEqual(promised * leastPart);
    const [stat = ""] = await hogFiles.run(["cpu.stat"]);
    expect(Number(/^nr_throttled (\d+)$/m.exec(stat)?.[1])).toBeGreaterThan(0);
    await expectConnected();
    await cancel(hog);
    await cancel(neighbour);
  });

  it("what fills its disk is refused more, and the neighbour still writes", async () => {
    const quota = 64 * mebibyte;
    await client.api.quotas.set.mutate({ nodeId: projectId, limits: { disk: quota } });
    try {
      const filler = await start(
        projectId,
        `const fs = require("node:fs"); const file = fs.openSync("filler", "w"); const piece = Buffer.alloc(2 ** 20, 1); for (;;) fs.writeSync(file, piece);`,
      );
      const end = await ended(filler.taskId);
      expect(end).toMatchObject({ verdict: "failed" });
      // EDQUOT, for which Node has no name.
      expect(await outputOf(end)).toContain("errno: -122");
      const folder = `/var/lib/quarterdeck-helper/workspaces/${workspaceId}/projects/${projectId}`;
      const taken = Number((await server.sh(`du -s --block-size=1 ${folder}`)).split("\t")[0]);
      expect(taken).toBeLessThanOrEqual(quota);
      const neighbour = await start(null, `require("node:fs").writeFileSync("kept", Buffer.alloc(${8 * mebibyte}, 1))`);
      expect(await ended(neighbour.taskId)).toMatchObject({ verdict: "succeeded" });
      await expectConnected();
      await server.sh(`rm -f ${folder}/filler`);
    } finally {
      await client.api.quotas.set.mutate({ nodeId: projectId, limits: { disk: null } });
    }
  });

  it("[F9] what prints more than a gigabyte costs what its owner allows it of disk, and the neighbour keeps its share", async () => {
    const allowed = 8 * mebibyte;
    const script = `const { existsSync } = require("node:fs"); const piece = Buffer.alloc(2 ** 20, "y"); let left = 1024;
      const more = () => { while (left-- > 0 || !existsSync("enough")) if (!process.stdout.write(piece)) return process.stdout.once("drain", more); };
      more();`;
    const folder = `/var/lib/quarterdeck-helper/workspaces/${workspaceId}/projects/${projectId}`;
    await using _policy = await withPolicyLine("output", '"8 MiB"');
    const printer = await start(projectId, script);
    const neighbour = await start(null, "for (;;);");
    const [printerFiles, neighbourFiles] = [filesOf(projectId, printer), filesOf(null, neighbour)];
    const [weight] = await neighbourFiles.run(["cpu.weight"]);
    const promised = Number(weight) * 10;
    expect(promised).toBe(400);
    const output = `/var/lib/quarterdeck-helper/runs/${printer.runId}/output`;
    const isCut = async () => Number(await server.sh(`stat -c %s ${output}`)) === allowed;
    await waitFor(isCut, { what: "the output to reach what is allowed of it", timeoutMs: runMs });

    const used = await server.millicoresOf([printerFiles.directory, neighbourFiles.directory]);
    expect(used[0]).toBeGreaterThan(0);
    expect(used[1]).toBeGreaterThanOrEqual(promised * leastPart);
    await server.sh(`touch ${folder}/enough`);
    const { outputBytes, outputCutBytes, ...end } = await ended(printer.taskId);
    expect(end).toMatchObject({ verdict: "succeeded" });
    expect(outputBytes).toBeGreaterThanOrEqual(gibibyte);
    expect(outputCutBytes).toBe((outputBytes ?? 0) - allowed);
    expect(await isCut()).toBe(true);
    for (const pid of (await servicePids()).trim().split(/\s+/)) {
      const peak = await server.sh(`grep VmHWM /proc/${pid}/status`);
      expect(Number(/(\d+) kB/.exec(peak)?.[1]) * 1024).toBeLessThan(256 * mebibyte);
    }
    await expectConnected();
    await cancel(neighbour);
    await server.sh(`rm -f ${folder}/enough`);
  });
});

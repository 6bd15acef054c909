import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import type { ProjectId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleContract } from "../../packages/bridge/test/contract/bundle-contract.ts";
import { newTaskId, signIn, type TaskView, type TestClient } from "../../apps/web/e2e/support/client.ts";
import { temporaryFolder } from "../../apps/web/e2e/support/temporary-folder.ts";
import { waitFor } from "../../apps/web/e2e/support/wait-for.ts";
import { bringNode } from "./support/run-in-server.ts";
import { waitUntilOnline, workspaceOn } from "./support/installed-server.ts";
import { RunGroupFiles } from "./support/run-group-files.ts";
import { sampleProject } from "./support/sample-project.ts";
import { server, stage } from "./support/stage.ts";

const runMs = 480_000;
const runTasks = 512;

let client: TestClient;
let workspaceId: WorkspaceId;
let projectId: ProjectId;
beforeAll(async () => {
  client = await signIn(stage.url, stage.urlFromServer);
  workspaceId = await workspaceOn(client, (await waitUntilOnline(client)).serverId);
  projectId = await sampleProject(client, workspaceId);
});
afterAll(async () => {
  const none = { cpu: null, memory: null, disk: null, io: null, bandwidth: null };
  for (const nodeId of [projectId, workspaceId]) await client.api.quotas.set.mutate({ nodeId, limits: none });
  await client.close();
});

const ended = (taskId: TaskId) => client.waitUntil(taskId, ({ state }) => state === "ended", runMs);

interface Start {
  readonly inProject: boolean;
  readonly script: string;
}

async function start({ inProject, script }: Start): Promise<TaskView> {
  const taskId = newTaskId();
  const params = { program: "node", args: ["-e", script] };
  await client.api.tasks.submit.mutate({
    taskId,
    workspaceId,
    projectId: inProject ? projectId : null,
    action: "exec",
    params,
  });
  return client.waitUntil(taskId, ({ state }) => state === "running", runMs);
}

const groupOf = ({ runId }: TaskView) => new RunGroupFiles(server, { workspaceId, projectId, runId });

const projectFolder = () => `/var/lib/quarterdeck-helper/workspaces/${workspaceId}/projects/${projectId}`;

/** With its group all of its processes are gone: one that has some cannot be removed. */
const isGone = (group: RunGroupFiles) =>
  waitFor(async () => !(await group.isThere()), { what: "the run's group to be removed", timeoutMs: 120_000 });

/** A program that does nothing until it is let go: its limits are read back before that. */
function waiting(script: string) {
  const file = `go-${randomUUID()}`;
  const wait = `const fs = require("node:fs"); const timer = setInterval(() => { if (!fs.existsSync("${file}")) return; clearInterval(timer); ${script} }, 200);`;
  return { script: wait, letGo: () => server.sh(`touch ${projectFolder()}/${file}`) };
}

/** Perl is on every Debian, and forks without a word more. */
const perl = (script: string) =>
  `require("node:child_process").spawn("perl", ["-e", ${JSON.stringify(script)}]).on("exit", (code) => process.exit(code ?? 1));`;

describe("the limits of a real server", () => {
  it("the drivers keep their contract with systemd, cgroup v2 and quotas of the disk", async () => {
    using folder = temporaryFolder();
    await bundleContract(folder.path);
    const inside = "/var/tmp/quarterdeck-contract";
    for (const file of ["contract.mjs", "wrapper.mjs"])
      await server.sh(`install -d -m 755 ${inside} && cat >${inside}/${file} && chmod 644 ${inside}/${file}`, {
        stdin: Readable.from([readFileSync(join(folder.path, file))]),
      });
    const node = await bringNode(server);
    const end = await server.run(
      `${node} ${inside}/contract.mjs ${inside}/wrapper.mjs; code=$?; rm -rf ${inside}; exit $code`,
      {
        timeoutMs: 800_000,
      },
    );
    expect(end.stdout).toContain("driver systemd: ");
    expect(end.stdout).not.toMatch(/^not ok/m);
    expect(end.stdout).toContain("quotas of the disk tried");
    expect(end.exitCode).toBe(0);
  });

  it("[S8] a workspace's and a project's quota is what the kernel says, and what the platform shows of it", async () => {
    const workspace = { cpu: 1500, memory: 1536 * mebibyte, disk: 3 * gibibyte, io: 80_000_000 };
    const project = { cpu: 1000, memory: gibibyte, disk: 2 * gibibyte, io: 40_000_000 };
    await client.api.quotas.set.mutate({ nodeId: workspaceId, limits: workspace });
    await client.api.quotas.set.mutate({ nodeId: projectId, limits: { ...project, bandwidth: 1_000_000 } });
    const run = await start({ inProject: true, script: "setInterval(() => {}, 1000)" });
    const group = groupOf(run);
    expect(await group.project(["cpu.max", "memory.max", "pids.max"])).toEqual([
      "100000 100000",
      String(project.memory),
      "2048",
    ]);
    const [ioOfProject, ioOfWorkspace] = [await group.project(["io.max"]), await group.workspace(["io.max"])];
    expect(ioOfProject[0]).toMatch(/ rbps=40000000 wbps=40000000 /);
    expect(ioOfWorkspace[0]).toMatch(/ rbps=80000000 wbps=80000000 /);
    expect(await group.workspace(["cpu.max", "memory.max"])).toEqual(["150000 100000", String(workspace.memory)]);
    expect(await group.run(["cpu.max", "pids.max"])).toEqual(["60000 100000", String(runTasks)]);
    for (const [nodeId, limits] of [
      [workspaceId, workspace],
      [projectId, project],
    ] as const)
      for (const [resource, wanted] of Object.entries(limits))
        await waitFor(
          async () =>
            (await client.api.quotas.evidence.query({ nodeId })).items.some(
              (item) =>
                item.resource === resource &&
                item.wanted === wanted &&
                item.actual === wanted &&
                item.state === "enforced",
            ),
          { what: `the platform to show ${resource} of ${nodeId} as enforced`, timeoutMs: 120_000 },
        );
    // Its runs use the server's own network, where nobody can tell them apart: that is said, and no badge is green.
    const { items } = await client.api.quotas.evidence.query({ nodeId: projectId });
    expect(items.find(({ resource }) => resource === "bandwidth")).toMatchObject({
      wanted: 1_000_000,
      actual: null,
      state: "unsupported",
      source: expect.stringContaining("the server's own network"),
    });
    await client.api.tasks.cancel.mutate({ taskId: run.taskId });
    await ended(run.taskId);
  });

  it("[S8] what takes all memory is stopped at its limit, and told which", async () => {
    const hog = waiting("const kept = []; for (;;) kept.push(Buffer.alloc(16 * 2 ** 20, 1));");
    const run = await start({ inProject: true, script: hog.script });
    const [limit] = await groupOf(run).run(["memory.max"]);
    expect(Number(limit)).toBeLessThan(640 * mebibyte);
    await hog.letGo();
    const end = await ended(run.taskId);
    expect(end).toMatchObject({ verdict: "failed", code: "OUT_OF_MEMORY" });
    expect(end.message).toContain(`memory limit of ${Math.round(Number(limit) / mebibyte)} MiB`);
  });

  it("[S8] a fork bomb stays in its group: a neighbour's run goes on, and the bridge stays connected", async () => {
    const bridge = "systemctl show -P MainPID quarterdeck-bridge quarterdeck-helper";
    const before = await server.sh(bridge);
    const neighbour = await start({ inProject: false, script: "setInterval(() => console.log('tick'), 500)" });
    const bomb = waiting(
      perl('for (;;) { next if defined fork; exit 1 if -e "enough"; select undef, undef, undef, 0.2; }'),
    );
    const run = await start({ inProject: true, script: bomb.script });
    const group = groupOf(run);
    expect(await group.run(["pids.max"])).toEqual([String(runTasks)]);
    await bomb.letGo();
    const refusals = async () => Number(/^max (\d+)/.exec((await group.run(["pids.events"]))[0] ?? "")?.[1]);
    await waitFor(async () => (await refusals()) > 0, { what: "the bomb to reach its limit", timeoutMs: runMs });
    const [tasks] = await group.run(["pids.current"]);
    expect(Number(tasks)).toBeLessThanOrEqual(runTasks);

    const ticks = async () =>
      Number(await server.sh(`wc -l </var/lib/quarterdeck-helper/runs/${neighbour.runId}/output`));
    const ticked = await ticks();
    await waitFor(async () => (await ticks()) > ticked + 2, { what: "the neighbour to go on", timeoutMs: runMs });
    expect(await client.api.tasks.get.query({ taskId: neighbour.taskId })).toMatchObject({ state: "running" });
    expect(await server.sh(bridge)).toBe(before);
    const { serverId } = run;
    expect((await client.api.servers.list.query()).find((one) => one.serverId === serverId)?.status).toBe("online");

    await server.sh(`touch ${projectFolder()}/enough`);
    const end = await ended(run.taskId);
    expect(end).toMatchObject({ verdict: "failed", code: "TASKS_LIMIT" });
    expect(end.message).toContain(`a run may have ${runTasks} at once`);
    expect(await isGone(group)).toBe(true);
    await client.api.tasks.cancel.mutate({ taskId: neighbour.taskId });
    expect(await ended(neighbour.taskId)).toMatchObject({ verdict: "cancelled" });
    await server.sh(`rm ${projectFolder()}/enough`);
  });

  it("[S8] a cancelled run leaves no process, whatever they did to stay", async () => {
    const stay =
      '$SIG{TERM} = $SIG{INT} = $SIG{HUP} = "IGNORE"; use POSIX; fork and sleep 8640; setsid; fork and sleep 8641; $0 = "stays"; sleep 8642';
    const run = await start({ inProject: true, script: perl(stay) });
    const group = groupOf(run);
    // The last of them: in a session of its own, its parents asleep.
    const stays = async () => (await server.run("pgrep -x stays")).stdout !== "";
    await waitFor(stays, { what: "all of its processes", timeoutMs: runMs });
    await client.api.tasks.cancel.mutate({ taskId: run.taskId });
    expect(await ended(run.taskId)).toMatchObject({ verdict: "cancelled" });
    expect(await isGone(group)).toBe(true);
    expect((await server.run("pgrep -x 'perl|stays'")).stdout).toBe("");
  });
});

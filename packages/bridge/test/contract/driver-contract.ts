import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { makeId } from "@quarterdeck/core/ids";
import { diskOf } from "../../src/drivers/block-device.ts";
import type { GroupPath } from "../../src/drivers/driver.ts";
import { FrozenWorkspaces } from "../../src/host/frozen-workspaces.ts";
import { processStartTicks } from "../../src/wrapper/processes.ts";
import { mebibyte, type ContractPlace, type StartedRun } from "./contract-place.ts";

interface ContractCase {
  readonly name: string;
  readonly check: (place: ContractPlace) => Promise<void>;
}

const spin = "while :; do :; done";
const sleeper = "exec sleep 600";
const noLimits = { cpu: null, memory: null, tasks: null, disk: null, bandwidth: null, io: null };

const cpuOf = (place: ContractPlace, { runId }: StartedRun) =>
  place.driver.usage().find((usage) => usage.runId === runId)?.cpuUsec ?? 0;

/** Its program runs, and its wrapper has left its group. */
async function untilRunning(place: ContractPlace, run: StartedRun): Promise<void> {
  const isAlone = (pids: number[]) => pids.length > 0 && !pids.includes(run.wrapperPid() ?? 0);
  await place.until(() => isAlone(run.processes()), "the program");
}

async function end(place: ContractPlace, run: StartedRun) {
  await place.driver.killRun(run.runId, run.path);
  await run.ended;
  return place.driver.closeRun(run.runId, run.path);
}

function workspaceOf({ workspaceId }: GroupPath): GroupPath {
  return { workspaceId, projectId: null };
}

/**
 * What every driver that makes groups promises, tried on the kernel of this machine. It needs no test runner, so that it runs on
 * a server that has nothing but Node.
 */
export const driverContract: readonly ContractCase[] = [
  {
    name: "says of each limit what the kernel says, and nothing that it did not read",
    async check(place) {
      const path = place.project();
      const wanted = { cpu: 1500, memory: 512 * mebibyte, tasks: 300, disk: null, bandwidth: 1000 };
      for (const node of [workspaceOf(path), path]) {
        const evidence = await place.driver.applyLimits(node, wanted);
        for (const resource of ["cpu", "memory", "tasks"] as const) {
          const found = evidence.find((each) => each.resource === resource);
          assert.equal(found?.actual, wanted[resource]);
          assert.equal(found?.state, "enforced");
          const [first = ""] = readFileSync(found?.source ?? "", "utf8")
            .trim()
            .split(" ");
          const inFile = { cpu: "150000", memory: String(512 * mebibyte), tasks: "300" };
          assert.equal(first, inFile[resource]);
        }
        const bandwidth = evidence.find((each) => each.resource === "bandwidth");
        assert.deepEqual([bandwidth?.state, bandwidth?.actual], ["unsupported", null]);
      }
      const lifted = await place.driver.applyLimits(path, noLimits);
      assert.deepEqual(
        lifted.filter(({ actual, state }) => actual !== null || state !== "enforced"),
        [],
      );
    },
  },
  {
    name: "holds what a project reads and writes to its limit and its workspace's, and says where the kernel holds runs one by one",
    async check(place) {
      const path = place.project();
      const rate = 4 * mebibyte;
      const disk = diskOf(place.folder);
      await place.driver.applyLimits(workspaceOf(path), { ...noLimits, io: 8 * mebibyte });
      const evidence = await place.driver.applyLimits(path, { ...noLimits, io: rate });
      const io = evidence.find(({ resource }) => resource === "io");
      assert.equal(io?.wanted, rate);
      if (disk === null) return assert.equal(io.state, "unsupported");
      assert.equal(io.actual, rate);
      const isAlone = io.source.includes("cgroup v1");
      assert.equal(io.state, isAlone ? "unsupported" : "enforced");
      const file = join(place.folder, "files", "io");
      const write = (bytes: number) => `dd if=/dev/zero of=${file} bs=64k count=${bytes / 65_536} oflag=direct 2>&1`;
      const startedMs = performance.now();
      const run = await place.start({ path, script: `${write(rate)}; rm ${file}` });
      assert.equal((await run.ended).exitCode, 0, run.output());
      // It can only be too slow on a busy machine, never too fast.
      assert.ok(performance.now() - startedMs > 800, "it wrote faster than it may");
      await place.driver.closeRun(run.runId, path);
      const raised = await place.driver.applyLimits(path, { ...noLimits, io: 100 * mebibyte });
      const now = raised.find(({ resource }) => resource === "io");
      // With v1 what is above holds only where it is written down; with v2 the group above it holds by itself.
      assert.equal(now?.actual, isAlone ? 8 * mebibyte : 100 * mebibyte);
      const lifted = await place.driver.applyLimits(path, noLimits);
      assert.equal(lifted.find(({ resource }) => resource === "io")?.actual ?? null, null);
      return undefined;
    },
  },
  {
    name: "calls a limit that the kernel does not take a mismatch",
    async check(place) {
      // Less than a hundredth of a core no kernel gives.
      const evidence = await place.driver.applyLimits(place.project(), { ...noLimits, cpu: 1 });
      const cpu = evidence.find(({ resource }) => resource === "cpu");
      assert.equal(cpu?.wanted, 1);
      if (cpu.actual === 1) assert.equal(cpu.state, "enforced");
      else assert.deepEqual([cpu.actual, cpu.state], [10, "mismatch"]);
    },
  },
  {
    name: "lowers and raises the limits of a tree in any order",
    async check(place) {
      const path = place.project();
      const outer = workspaceOf(path);
      const cpuAfter = async (node: GroupPath, cpu: number | null) =>
        (await place.driver.applyLimits(node, { ...noLimits, cpu })).find(({ resource }) => resource === "cpu");
      await cpuAfter(outer, 2000);
      await cpuAfter(path, 1500);
      const run = await place.start({ path, script: sleeper, limits: { cpu: 1000 } });
      await untilRunning(place, run);
      assert.equal((await cpuAfter(outer, 500))?.actual, 500);
      assert.equal((await cpuAfter(outer, 2000))?.actual, 2000);
      const inner = await cpuAfter(path, 1500);
      assert.deepEqual([inner?.actual, inner?.state], [1500, "enforced"]);
      assert.equal((await cpuAfter(outer, null))?.state, "enforced");
      await end(place, run);
    },
  },
  {
    name: "stops a run at its memory limit, says so, and leaves its neighbour alone [S8]",
    async check(place) {
      const path = place.project();
      const neighbour = await place.start({ path, script: sleeper });
      await untilRunning(place, neighbour);
      const limits = { memoryHigh: 62 * mebibyte, memoryMax: 64 * mebibyte };
      const hog = await place.start({ path, script: "exec tail /dev/zero", limits });
      const result = await hog.ended;
      assert.equal(result.verdict, "failed");
      assert.equal(result.code, "OUT_OF_MEMORY");
      assert.match(result.message ?? "", /memory limit of 64 MiB/);
      const counted = await place.driver.closeRun(hog.runId, path);
      assert.ok(counted && counted.oomKills > 0);
      assert.ok(counted.memoryPeak === null || counted.memoryPeak <= 64 * mebibyte);
      assert.equal(neighbour.processes().length, 1);
      assert.equal((await end(place, neighbour))?.oomKills, 0);
    },
  },
  {
    name: "says when it was the project's memory that ran out, not the run's own",
    async check(place) {
      const path = place.project();
      const [memory] = (await place.driver.applyLimits(path, { ...noLimits, memory: 48 * mebibyte })).filter(
        ({ resource }) => resource === "memory",
      );
      assert.equal(memory?.actual, 48 * mebibyte);
      const run = await place.start({ path, script: "exec tail /dev/zero" });
      const { code, message } = await run.ended;
      assert.equal(code, "OUT_OF_MEMORY");
      assert.match(message ?? "", /its project, workspace or server/);
      await place.driver.closeRun(run.runId, path);
    },
  },
  {
    name: "gives a run what it was promised, however much others want [S8]",
    async check(place) {
      const promised = { one: 800, each: 100 };
      // On one processor, on which all of them want everything.
      const script = `exec taskset -c 0 sh -c '${spin}'`;
      const greedy = (path: GroupPath, promisedCpu: number) =>
        place.start({ path, script, limits: { promisedCpu, cpu: 2000 } });
      const one = await greedy(place.project(), promised.one);
      const others: StartedRun[] = [];
      const { workspaceId } = place.project();
      for (let i = 0; i < 3; i++) others.push(await greedy({ ...place.project(), workspaceId }, promised.each));
      for (const run of [one, ...others]) await untilRunning(place, run);
      const before = [one, ...others].map((run) => cpuOf(place, run));
      const used = () => [one, ...others].map((run, i) => cpuOf(place, run) - (before[i] ?? 0));
      const total = () => used().reduce((sum, usec) => sum + usec, 0);
      await place.until(() => total() > 4_000_000, "four seconds of a processor");
      const share = (used()[0] ?? 0) / total();
      const due = promised.one / (promised.one + 3 * promised.each);
      assert.ok(share >= 0.9 * due, `it got ${share.toFixed(2)} of what there was, and was promised ${due.toFixed(2)}`);
      for (const run of [one, ...others]) await end(place, run);
    },
  },
  {
    name: "holds a fork bomb to its tasks, counts what it refused, and leaves none of it [S8]",
    async check(place) {
      const path = place.project();
      const bomb = await place.start({
        path,
        script: "f() { f & f & wait; }; f 2> /dev/null; sleep 600 & wait",
        limits: { tasks: 24 },
      });
      const refused = () => bomb.counter("pids.events", "max") > 0;
      await place.until(refused, "the limit");
      const tasks = place.driver.usage().find(({ runId }) => runId === bomb.runId)?.tasks ?? Number.NaN;
      assert.ok(tasks <= 24, `${tasks} tasks`);
      bomb.cancel();
      const result = await bomb.ended;
      assert.deepEqual(bomb.processes(), []);
      assert.ok(["cancelled", "failed"].includes(result.verdict));
      const counted = await place.driver.closeRun(bomb.runId, path);
      assert.ok(counted && counted.tasksRefused > 0);
    },
  },
  {
    name: "says that a run met its limit of tasks, and that a program could not start for it",
    async check(place) {
      const path = place.project();
      // With v2 the wrapper counts with its threads while it starts the program.
      const script = "while :; do sleep 600 & done";
      const run = await place.start({ path, script, limits: { tasks: 20 } });
      const { code, message } = await run.ended;
      assert.equal(code, "TASKS_LIMIT");
      assert.match(message ?? "", /may have 20 at once/);
      assert.deepEqual(run.processes(), []);
      await place.driver.closeRun(run.runId, path);

      const first = await place.start({ path, script: sleeper });
      await untilRunning(place, first);
      const [tasks] = (await place.driver.applyLimits(path, { ...noLimits, tasks: 1 })).filter(
        ({ resource }) => resource === "tasks",
      );
      assert.equal(tasks?.actual, 1);
      const second = await place.start({ path, script: sleeper });
      assert.equal((await second.ended).code, "TASKS_LIMIT");
      await end(place, first);
    },
  },
  {
    name: "throttles what wants more cpu than it may, by the kernel's own counters [S8]",
    async check(place) {
      const path = place.project();
      const hog = await place.start({ path, script: spin, limits: { cpu: 200 } });
      await untilRunning(place, hog);
      await place.until(() => hog.counter("cpu.stat", "nr_throttled") >= 5, "the throttle");
      // The periods are read last: what is used in one more is allowed for anyway.
      const used = cpuOf(place, hog);
      const periods = hog.counter("cpu.stat", "nr_periods");
      const periodUsec = 100_000;
      assert.ok(used <= (periods + 2) * periodUsec * 0.2 * 1.1, `${used} µs in ${periods} periods`);
      await end(place, hog);
    },
  },
  {
    name: "leaves no process of a killed run, not one that forked twice, changed its session and ignores signals [S8]",
    async check(place) {
      const path = place.project();
      const escapee = "trap '' TERM HUP INT; while :; do sleep 600; done";
      const script = `env -i setsid sh -c "env -i setsid sh -c \\"${escapee}\\" & echo \\$!" & wait; exec sleep 600`;
      const run = await place.start({ path, script });
      await place.until(() => /^\d+\n/.test(run.output()), "the escapee");
      const pid = Number.parseInt(run.output(), 10);
      await place.until(() => run.processes().includes(pid) && run.processes().length >= 3, "the escapee's own");
      const startTicks = processStartTicks(pid);
      assert.ok(startTicks);
      await place.driver.killRun(run.runId, path);
      assert.deepEqual(run.processes(), []);
      assert.notEqual(processStartTicks(pid), startTicks);
      assert.equal((await run.ended).signal, "SIGKILL");
      await place.driver.killRun(run.runId, path); // Twice is as good as once.
      await place.driver.closeRun(run.runId, path);
      assert.equal(await place.driver.closeRun(run.runId, path), null);
    },
  },
  {
    name: "takes what a program left in the background away when it ends [S8]",
    async check(place) {
      const path = place.project();
      const run = await place.start({ path, script: "env -i setsid sleep 600 > /dev/null 2>&1 & exit 3" });
      assert.equal((await run.ended).exitCode, 3);
      assert.deepEqual(run.processes(), []);
      await place.driver.closeRun(run.runId, path);
    },
  },
  {
    name: "gives a cancelled program its grace, and kills what does not use it",
    async check(place) {
      const path = place.project();
      const polite = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done";
      const good = await place.start({ path, script: polite, graceMs: 60_000 });
      await place.until(() => good.output() === "ready\n", "the trap");
      good.cancel();
      const result = await good.ended;
      assert.deepEqual([result.verdict, result.exitCode], ["cancelled", 7]);
      const stubborn = await place.start({ path, script: `trap '' TERM; echo ready; ${spin}`, graceMs: 100 });
      await place.until(() => stubborn.output() === "ready\n", "the trap");
      stubborn.cancel();
      assert.equal((await stubborn.ended).signal, "SIGKILL");
      for (const run of [good, stubborn]) await place.driver.closeRun(run.runId, path);
    },
  },
  {
    name: "freezes a project and thaws it, by the kernel's counters, and can kill and refuse runs meanwhile",
    async check(place) {
      const path = place.project();
      const still = await place.start({ path, script: spin });
      const doomed = await place.start({ path, script: spin });
      const moving = await place.start({ path: place.project(), script: spin });
      for (const run of [still, doomed]) await untilRunning(place, run);
      await place.driver.freeze(path);
      const before = cpuOf(place, still);
      const other = cpuOf(place, moving);
      await place.until(() => cpuOf(place, moving) > other + 100_000, "the other project");
      assert.equal(cpuOf(place, still), before);
      await assert.rejects(
        place.start({ path, script: spin }),
        (error) => error instanceof QuarterdeckError && error.code === "NOT_READY",
      );
      await place.driver.killRun(doomed.runId, path);
      assert.equal((await doomed.ended).signal, "SIGKILL");
      await place.driver.thaw(path);
      await place.until(() => cpuOf(place, still) > before, "the thaw");
      await place.driver.freeze(path);
      for (const run of [still, doomed]) await end(place, run);
      await place.driver.thaw(path);
      await end(place, moving);
    },
  },
  {
    name: "freezes again what was frozen when the machine was started anew, and lets nothing start in it until it is thawed",
    async check(place) {
      const path = place.project();
      const { workspaceId } = path;
      const options = { file: join(place.folder, "frozen.json"), log: { info() {}, warn() {}, error() {} } };
      const frozen = await FrozenWorkspaces.open({ ...options, driver: place.driver });
      await frozen.freeze(workspaceId);
      // What a reboot leaves of a group: nothing.
      await place.driver.thaw(workspaceOf(path));
      await place.driver.remove(workspaceOf(path));
      const { driver } = await place.openDriver();
      const again = await FrozenWorkspaces.open({ ...options, driver });
      const limits = { promisedCpu: 1000, cpu: 1000, memoryHigh: 60 * mebibyte, memoryMax: 64 * mebibyte, tasks: 16 };
      const runId = makeId("run", Date.now(), randomBytes(16));
      await assert.rejects(
        () => driver.openRun(runId, path, limits),
        (error) => error instanceof QuarterdeckError && error.code === "NOT_READY",
      );
      assert.throws(() => again.admit(workspaceId), QuarterdeckError);
      await again.thaw(workspaceId);
      again.admit(workspaceId);
      assert.ok((await driver.openRun(runId, path, limits)).group);
      await driver.remove(workspaceOf(path));
      const last = await FrozenWorkspaces.open({ ...options, driver });
      last.admit(workspaceId);
    },
  },
  {
    name: "freezes a whole workspace",
    async check(place) {
      const path = place.project();
      const run = await place.start({ path, script: spin });
      await untilRunning(place, run);
      await place.driver.freeze(workspaceOf(path));
      await assert.rejects(place.start({ path, script: spin }), QuarterdeckError);
      await end(place, run);
      await place.driver.thaw(workspaceOf(path));
    },
  },
  {
    name: "takes over the groups of a driver that was killed, and removes those of runs that nobody knows [F4]",
    async check(place) {
      const path = place.project();
      await place.driver.applyLimits(path, { ...noLimits, tasks: 77 });
      const known = await place.start({ path, script: sleeper });
      const lost = await place.start({ path, script: sleeper });
      await untilRunning(place, known);
      await untilRunning(place, lost);
      const { driver } = await place.openDriver((runId) => runId !== lost.runId);
      assert.deepEqual(lost.processes(), []);
      assert.equal((await lost.ended).signal, "SIGKILL");
      const usage = driver.usage();
      assert.equal(usage.find(({ runId }) => runId === known.runId)?.tasks, 1);
      assert.equal(
        usage.find(({ runId }) => runId === lost.runId),
        undefined,
      );
      const tasks = (await driver.applyLimits(path, { ...noLimits, tasks: 77 })).find(
        ({ resource }) => resource === "tasks",
      );
      assert.equal(tasks?.state, "enforced");
      place.driver = driver;
      assert.ok(await end(place, known));
      assert.equal(
        driver.usage().find(({ runId }) => runId === known.runId),
        undefined,
      );
    },
  },
  {
    name: "opens a run's group again as new: what an earlier attempt counted is forgotten",
    async check(place) {
      const path = place.project();
      const run = await place.start({ path, script: "while :; do sleep 600 & done", limits: { tasks: 20 } });
      assert.equal((await run.ended).code, "TASKS_LIMIT");
      await place.driver.openRun(run.runId, path, {
        promisedCpu: 400,
        cpu: 500,
        memoryHigh: mebibyte,
        memoryMax: mebibyte,
        tasks: 9,
      });
      assert.equal(run.counter("pids.events", "max"), 0);
      assert.equal((await place.driver.closeRun(run.runId, path))?.tasksRefused, 0);
    },
  },
  {
    name: "does not start a program whose group is not there, and says why",
    async check(place) {
      const path = place.project();
      const sign = join(place.folder, "started-without-limits");
      const run = await place.start({
        path,
        script: `touch ${sign}`,
        before: (directories) => directories.forEach((directory) => rmdirSync(directory)),
      });
      const { verdict, code, message } = await run.ended;
      assert.deepEqual([verdict, code], ["failed", "LIMITS_UNAVAILABLE"]);
      assert.match(message ?? "", /was not started/);
      assert.equal(existsSync(sign), false);
      for (const directory of run.groupDirectories) assert.equal(existsSync(directory), false);
    },
  },
  {
    name: "starts a program as its user, with the files that it is given",
    async check(place) {
      const path = place.project();
      const file = join(place.folder, "given");
      writeFileSync(file, "given\n", { mode: 0o600 });
      const user = { uid: 65_534, gid: 65_534 };
      const run = await place.start({ path, script: "id -u; id -G; cat <&3", user, files: [file] });
      assert.equal((await run.ended).exitCode, 0);
      assert.equal(run.output(), "65534\n65534\ngiven\n");
      await place.driver.closeRun(run.runId, path);
    },
  },
  {
    name: "puts a run without a project into its workspace, under the workspace's limits",
    async check(place) {
      const path = workspaceOf(place.project());
      const limits = await place.driver.applyLimits(path, { ...noLimits, tasks: 99 });
      assert.equal(limits.find(({ resource }) => resource === "tasks")?.state, "enforced");
      const run = await place.start({ path, script: sleeper });
      await untilRunning(place, run);
      const mine = place.driver.usage().filter(({ workspaceId }) => workspaceId === path.workspaceId);
      assert.deepEqual(
        mine.map(({ projectId, runId, tasks }) => [projectId, runId, tasks]),
        [
          [null, null, 1],
          [null, run.runId, 1],
        ],
      );
      await end(place, run);
    },
  },
  {
    name: "makes no group for what is no id [S6]",
    async check(place) {
      const { workspaceId, projectId } = place.project();
      const hostile = [
        "..",
        "../../quarterdeck-test-escaped",
        "",
        "ws_",
        `${workspaceId}/..`,
        `${workspaceId}\n`,
        "a-b",
      ];
      for (const id of hostile) {
        const bad = id as never;
        const { driver } = place;
        const limits = { promisedCpu: 1, cpu: 1, memoryHigh: 1, memoryMax: 1, tasks: 1 };
        const calls = [
          () => driver.applyLimits({ workspaceId: bad, projectId: null }, noLimits),
          () => driver.applyLimits({ workspaceId, projectId: bad }, noLimits),
          () => driver.openRun(bad, { workspaceId, projectId }, limits),
          () => driver.closeRun(bad, { workspaceId, projectId }),
          () => driver.killRun(bad, { workspaceId, projectId }),
          () => driver.freeze({ workspaceId: bad, projectId: null }),
          () => driver.remove({ workspaceId: bad, projectId: null }),
        ];
        for (const call of calls) await assert.rejects(async () => call(), RangeError);
      }
      assert.equal(
        place.driver.usage().find((usage) => usage.workspaceId === workspaceId),
        undefined,
      );
    },
  },
  {
    name: "tells what a workspace, its project and its run use, and forgets them when they are removed",
    async check(place) {
      const path = place.project();
      const run = await place.start({ path, script: spin });
      await untilRunning(place, run);
      const mine = place.driver.usage().filter(({ workspaceId }) => workspaceId === path.workspaceId);
      assert.deepEqual(
        mine.map(({ projectId, runId }) => [projectId, runId]),
        [
          [null, null],
          [path.projectId, null],
          [path.projectId, run.runId],
        ],
      );
      for (const usage of mine) {
        assert.equal(usage.tasks, 1);
        assert.ok(usage.cpuUsec > 0);
        assert.ok(usage.memory >= 0);
      }
      await place.driver.remove(path);
      await run.ended;
      assert.deepEqual(
        place.driver
          .usage()
          .flatMap(({ workspaceId, projectId }) => (workspaceId === path.workspaceId ? [projectId] : [])),
        [null],
      );
    },
  },
];

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { parseCgroupMounts } from "../src/drivers/cgroup-mounts.ts";
import { isFrozen } from "../src/drivers/freezer.ts";
import { newId, tailText } from "./fake-platform.ts";
import { removeBase } from "./contract/remove-base.ts";
import { HelperProcess } from "./helper-process.ts";
import { RealBridge } from "./real-bridge.ts";

const counter = (file: string) =>
  `const fs = require('node:fs'); setInterval(() => fs.appendFileSync('${file}', 'x'), 2)`;
const sizeOf = (file: string) => (existsSync(file) ? statSync(file).size : 0);

/** Starts a run that writes one byte after the other. */
async function startCounting({ relay, data }: RealBridge) {
  const { scratch } = data.workspace(relay.platform.workspaceId);
  const file = join(scratch, newId("entry"));
  const runId = await relay.send({ action: "exec", params: { program: "node", args: ["-e", counter(file)] } });
  await relay.untilStarted(runId);
  const untilCountedOn = async () => {
    const before = sizeOf(file);
    await relay.changes.until(() => sizeOf(file) > before, "the program counting on");
  };
  await untilCountedOn();
  return { runId, counted: () => sizeOf(file), untilCountedOn };
}

/** The same program outside of any workspace counts a while: who could count in that time would have. */
async function countBeside({ relay, data }: RealBridge): Promise<void> {
  const file = join(data.path, newId("entry"));
  const child = spawn(process.execPath, ["-e", counter(file)], { stdio: "ignore" });
  try {
    await relay.changes.until(() => sizeOf(file) >= 20, "the program beside");
  } finally {
    child.kill("SIGKILL");
  }
}

it("a frozen workspace's program stops counting and goes on after; what else would start is refused meanwhile", async () => {
  await using bridge = await RealBridge.start({ environment: { QUARTERDECK_DRIVER: "cgroup" } });
  const groupName = `quarterdeck-${createHash("sha256").update(bridge.data.path).digest("hex").slice(0, 12)}`;
  await using groups = new AsyncDisposableStack();
  const { relay } = bridge;
  const counting = await startCounting(bridge);
  groups.defer(() => removeBase("cgroup", { groupName, sliceName: "" }));
  groups.defer(async () => {
    await relay.run({ action: "workspace.thaw" });
    await relay.send({ action: "task.cancel", params: { runId: counting.runId } });
    await relay.untilFinished(counting.runId);
    await bridge.end("SIGTERM");
  });

  for (const _ of ["once", "again"])
    expect(await relay.run({ action: "workspace.freeze" })).toMatchObject({ verdict: "succeeded" });
  const frozenAt = counting.counted();
  await countBeside(bridge);
  expect(counting.counted()).toBe(frozenAt);
  const echo = { action: "exec", params: { program: "echo", args: ["there"] } } as const;
  expect(await relay.run(echo)).toMatchObject({ verdict: "refused", code: "NOT_READY" });
  // What a launch made for a run whose group is refused goes with it.
  const workspace = bridge.data.workspace(relay.platform.workspaceId);
  const projectId = newId("project") as ProjectId;
  mkdirSync(workspace.project(projectId), { recursive: true });
  const archive = { action: "project.archive", projectId, params: { keeps: 1 } } as const;
  expect(await relay.run(archive)).toMatchObject({ verdict: "refused", code: "NOT_READY" });
  expect(readdirSync(workspace.archives)).toEqual([]);

  for (const _ of ["once", "again"])
    expect(await relay.run({ action: "workspace.thaw" })).toMatchObject({ verdict: "succeeded" });
  await counting.untilCountedOn();
  expect(tailText(await relay.run(echo))).toBe("there\n");
});

it.each([
  { with: "alone", isHelped: false },
  { with: "with a helper", isHelped: true },
])(
  "a workspace that was frozen when the machine went down is frozen when it is back, until it is thawed: $with",
  async ({ isHelped }) => {
    const environment = { QUARTERDECK_DRIVER: "cgroup" };
    const helper = isHelped ? new HelperProcess(undefined, environment) : undefined;
    await using bridge = await RealBridge.start({ environment, ...(helper ? { helper } : {}) });
    const groupName = `quarterdeck-${createHash("sha256").update(bridge.data.path).digest("hex").slice(0, 12)}`;
    await using groups = new AsyncDisposableStack();
    groups.defer(() => removeBase("cgroup", { groupName, sliceName: "" }));
    groups.defer(async () => {
      await bridge.end("SIGTERM");
      await helper?.end("SIGTERM");
    });
    const { relay } = bridge;
    const echo = { action: "exec", params: { program: "echo", args: ["there"] } } as const;
    /** What a reboot does, as far as this process can: the bridge is gone at once, and no group is left. */
    const reboot = async () => {
      await bridge.end("SIGKILL");
      await helper?.end("SIGKILL");
      await removeBase("cgroup", { groupName, sliceName: "" });
      await helper?.begin();
      bridge.begin();
      await relay.untilOnline();
    };

    expect(await relay.run({ action: "workspace.freeze" })).toMatchObject({ verdict: "succeeded" });
    await reboot();
    const { v1, v2 } = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
    const mounts = [...Object.values(v1), ...(v2 ? [v2] : [])];
    expect(isFrozen(mounts.map(({ path }) => join(path, groupName, relay.platform.workspaceId)))).toBe(true);
    expect(await relay.run(echo)).toMatchObject({ verdict: "refused", code: "NOT_READY", startedAtMs: null });
    expect(await relay.run({ action: "workspace.thaw" })).toMatchObject({ verdict: "succeeded" });
    expect(tailText(await relay.run(echo))).toBe("there\n");
    await reboot();
    expect(tailText(await relay.run(echo))).toBe("there\n");
  },
);

it("where no groups can be made, freezing is refused and says why", async () => {
  await using bridge = await RealBridge.start();
  const { relay } = bridge;
  expect(await relay.run({ action: "workspace.freeze" })).toMatchObject({
    verdict: "refused",
    code: "LIMITS_UNAVAILABLE",
    message: expect.stringContaining("Nothing can be frozen on this server"),
  });
});

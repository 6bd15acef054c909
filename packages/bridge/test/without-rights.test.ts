import type { ProjectId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { container } from "./container.ts";
import { newId, tailText } from "./fake-platform.ts";
import { ordinaryUser } from "./ordinary-user.ts";
import { PackagedBridge } from "./packaged-bridge.ts";

const echo = { action: "exec", params: { program: "echo", args: ["there"] } } as const;
const uid = { action: "exec", params: { program: "node", args: ["-p", "process.getuid()"] } } as const;
const nothingFrozen = { verdict: "refused", code: "LIMITS_UNAVAILABLE" };

const reads = {
  "git.status": {},
  "git.log": { params: { limit: 1 } },
  "files.list": { params: { path: "" } },
} as const;

/** The lines of a level, without its name. */
function linesOf(stdout: string, level: "ok" | "weaker" | "missing"): string[] {
  return stdout.split("\n").flatMap((line) => (line.startsWith(`${level} `) ? [line.slice(9)] : []));
}

/** What the bridge tells the console about its limits, the doctor says too. */
function expectSameReason(bridge: PackagedBridge, stdout: string): void {
  const reason = bridge.relay.hello?.capabilities.driverReason;
  expect(reason).toBeTruthy();
  expect([...linesOf(stdout, "ok"), ...linesOf(stdout, "weaker")]).toContain(reason);
}

it("an ordinary user's bridge runs programs in the sandbox; the doctor says what root and systemd would add", async () => {
  await using bridge = await PackagedBridge.start();
  const { relay } = bridge;
  expect(relay.hello?.capabilities).toMatchObject({ isolation: "hidden", sandbox: { workspaceUsers: false } });
  expect(tailText(await relay.run(echo))).toBe("there\n");
  expect(tailText(await relay.run(uid))).toBe(`${ordinaryUser()?.uid ?? process.getuid?.()}\n`);
  expect(await relay.run({ action: "workspace.create" })).toMatchObject({ verdict: "succeeded" });
  const { stdout, exitCode } = await bridge.doctor();
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 3 });
  expectSameReason(bridge, stdout);
  expect(stdout).toMatch(/^ok {7}runs of all workspaces are the bridge's own user/m);
});

it("in a container that forbids namespaces, it is online, refuses programs, and bridge and doctor name the mend [S7]", async () => {
  const enter = container({ hasNamespaces: false, hasGroups: true });
  await using bridge = await PackagedBridge.start({ enter });
  const { relay } = bridge;
  expect(relay.hello?.capabilities).toMatchObject({ isolation: "missing", driver: "process", limited: [] });
  expect(relay.hello?.capabilities.driverReason).toMatch(/give it limits itself \(docker run --cpus/);
  const mend = "--security-opt seccomp=unconfined";
  expect(relay.hello?.capabilities.sandbox?.reason).toContain(mend);
  const end = await relay.run(echo);
  expect(end).toMatchObject({ verdict: "refused", code: "SANDBOX_UNAVAILABLE", startedAtMs: null });
  expect(end.message).toContain(mend);
  expect(end.message).toContain("--consent-no-isolation");
  // What runs no program works.
  expect(await relay.run({ action: "workspace.create" })).toMatchObject({ verdict: "succeeded" });
  expect(await relay.run({ action: "workspace.freeze" })).toMatchObject(nothingFrozen);
  const { stdout, exitCode } = await bridge.doctor();
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 1 });
  expectSameReason(bridge, stdout);
  expect(linesOf(stdout, "missing")).toEqual([expect.stringContaining(mend)]);
  expect(stdout).toContain("its runtime starts the bridge again");
  expect(stdout).not.toContain("runs of all workspaces");
});

it("in the same container, with its owner's agreement, programs run, and what they were promised is kept [S7]", async () => {
  const enter = container({ hasNamespaces: false, hasGroups: true });
  await using bridge = await PackagedBridge.start({ enter, args: ["--consent-no-isolation"] });
  const { relay } = bridge;
  expect(relay.hello?.capabilities).toMatchObject({ isolation: "consented", driver: "process" });
  expect(tailText(await relay.run(echo))).toBe("there\n");
  const secluded = await relay.run({ ...echo, overrides: { network: { mode: "none", hosts: [] } } });
  expect(secluded).toMatchObject({ verdict: "refused", code: "SANDBOX_UNAVAILABLE" });
  const projectId = newId("project") as ProjectId;
  expect(await relay.run({ action: "workspace.create" })).toMatchObject({ verdict: "succeeded" });
  bridge.makeRepository(projectId);
  for (const action of ["git.status", "git.log", "files.list"] as const)
    expect(await relay.run({ ...reads[action], action, projectId })).toMatchObject({ verdict: "succeeded" });
  expect(await relay.run({ action: "project.archive", params: { keeps: 5 }, projectId })).toMatchObject({
    verdict: "succeeded",
  });
  const promised = { overrides: { network: { mode: "none", hosts: [] } } };
  expect(await relay.run({ action: "git.status", projectId, ...promised })).toMatchObject({ verdict: "refused" });
  const sleep = await relay.send({ action: "exec", params: { program: "sleep", args: ["600"] } });
  await relay.untilStarted(sleep);
  await relay.send({ action: "task.cancel", params: { runId: sleep } });
  expect(await relay.untilFinished(sleep)).toMatchObject({ verdict: "cancelled" });
});

it("in a container that allows namespaces and hides the control groups, the sandbox holds and limits are said to be none", async () => {
  const enter = container({ hasNamespaces: true, hasGroups: false });
  await using bridge = await PackagedBridge.start({ enter });
  const { relay } = bridge;
  expect(relay.hello?.capabilities).toMatchObject({ isolation: "hidden", driver: "process", limited: [] });
  expect(relay.hello?.capabilities.driverReason).toMatch(/no control groups/);
  expect(tailText(await relay.run(echo))).toBe("there\n");
  const { stdout, exitCode } = await bridge.doctor();
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 3 });
  expectSameReason(bridge, stdout);
});

it("as root of a container that is root of nothing else, the sandbox holds, and nobody is said to have a user of its own [S7]", async () => {
  const enter = container({ hasNamespaces: true, hasGroups: true, isRoot: true });
  await using bridge = await PackagedBridge.start({ enter });
  const { relay } = bridge;
  const sandbox = { workspaceUsers: false, network: "shared" };
  expect(relay.hello?.capabilities).toMatchObject({ isolation: "hidden", sandbox, driver: "process", limited: [] });
  expect(tailText(await relay.run(echo))).toBe("there\n");
  const { stdout, exitCode } = await bridge.doctor();
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 3 });
  expectSameReason(bridge, stdout);
  expect(stdout).toMatch(/^weaker {3}the bridge runs as root/m);
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import type { KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import type { GroupPath } from "../drivers/driver.ts";
import type { Log } from "../log.ts";
import { GroupLimits, type LimitingCommand } from "./group-limits.ts";
import { NetworkReach } from "./network-reach.ts";

const workspaceId = newId("workspace") as WorkspaceId;
const projectId = newId("project") as ProjectId;
const limitsOf = (cpu: number | null): KernelLimits => ({ cpu, memory: null, tasks: 10, disk: null, bandwidth: null });
const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quarterdeck-limits-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A kernel that remembers what it was asked, and fails when told to. */
class FakeDriver {
  readonly applied: [string, number | null][] = [];
  problem: string | null = null;

  async applyLimits({ workspaceId: of, projectId: in_ }: GroupPath, { cpu }: KernelLimits) {
    if (this.problem !== null) throw new Error(this.problem);
    const node = in_ ?? of;
    this.applied.push([node === workspaceId ? "workspace" : "project", cpu]);
    return [{ node, resource: "cpu", wanted: cpu, actual: cpu, state: "enforced", source: "fake", atMs: 0 } as const];
  }
}

function open(driver = new FakeDriver(), log = quiet, reach = new NetworkReach()) {
  const told: string[] = [];
  const file = join(folder, "limits.json");
  const limits = new GroupLimits({
    driver,
    file,
    log,
    reach,
    onEvidence: (all) => told.push(...all.map(({ node }) => node)),
  });
  return { driver, limits, told, file };
}

function command(signedAtMs: number, cpu: number | null, ofProject?: number | null): LimitingCommand {
  const project = ofProject === undefined ? null : limitsOf(ofProject);
  return {
    workspaceId,
    projectId: project && projectId,
    quota: { workspace: limitsOf(cpu), project },
    notBeforeMs: signedAtMs,
  };
}

describe("the limits of groups", () => {
  it("are applied from the outside in, told, and not again while they are the same", async () => {
    const { driver, limits, told } = open();
    await limits.apply(command(1, 2000, 1000));
    await limits.apply(command(2, 2000, 1000));
    await limits.apply(command(3, 2000));
    expect(driver.applied).toEqual([
      ["workspace", 2000],
      ["project", 1000],
    ]);
    expect(told).toEqual([workspaceId, projectId]);
    await limits.apply(command(4, 3000, 1000));
    expect(driver.applied.slice(2)).toEqual([["workspace", 3000]]);
  });

  it("are the newest that were signed: a command that waited brings no older ones back, after a restart neither", async () => {
    const { driver, limits } = open();
    await limits.apply(command(5, 1000));
    await limits.apply(command(4, 8000));
    expect(driver.applied).toEqual([["workspace", 1000]]);
    const next = open();
    await next.limits.apply(command(3, 9000));
    expect(next.driver.applied).toEqual([["workspace", 1000]]);
    await next.limits.apply(command(6, 9000));
    expect(next.driver.applied.at(-1)).toEqual(["workspace", 9000]);
  });

  it("leave a command without a workspace, or without limits, alone", async () => {
    const { driver, limits } = open();
    await limits.apply({ ...command(1, 1000), workspaceId: null });
    await limits.apply({ ...command(1, 1000), quota: null });
    expect(driver.applied).toEqual([]);
  });

  it("are applied again when runs get another network, and after a restart it is known which they had", async () => {
    const { driver, limits } = open();
    const starting = (signedAtMs: number, mode: "all" | "none") => ({
      ...command(signedAtMs, 2000, 1000),
      starts: { mode, timeoutMs: 3_600_000 },
    });
    await limits.apply(starting(1, "none"));
    await limits.apply(starting(2, "none"));
    expect(driver.applied).toHaveLength(2);
    await limits.apply(starting(3, "all"));
    // What only brings limits starts nothing, whatever it says of a network.
    await limits.apply(command(4, 2000, 1000));
    expect(driver.applied).toHaveLength(4);
    const reach = new NetworkReach();
    const next = open(new FakeDriver(), quiet, reach);
    await next.limits.again();
    expect(reach.modes({ workspaceId, projectId }, Date.now())).toEqual(["all"]);
    expect(reach.modes({ workspaceId, projectId: null }, Date.now())).toEqual(["all"]);
  });

  it("that could not be applied fail their command, and are tried again with the next", async () => {
    const { driver, limits } = open();
    driver.problem = "no such controller";
    await expect(limits.apply(command(1, 1000))).rejects.toThrow("no such controller");
    driver.problem = null;
    await limits.apply(command(2, 1000));
    expect(driver.applied).toEqual([["workspace", 1000]]);
  });

  it("are applied anew and told now and then, each whatever becomes of the others", async () => {
    const { driver, limits, told } = open();
    await limits.apply(command(1, 2000, 1000));
    await limits.again();
    expect(driver.applied).toHaveLength(4);
    expect(told).toHaveLength(4);
    driver.problem = "gone";
    await limits.again();
    driver.problem = null;
    // What could not be applied again is applied with the next command, though that says the same.
    await limits.apply(command(2, 2000, 1000));
    expect(driver.applied).toHaveLength(6);
  });

  it("that cannot be read are put aside", async () => {
    const { limits, file } = open();
    await limits.apply(command(1, 2000));
    writeFileSync(file, "[{");
    const errors: string[] = [];
    const next = open(new FakeDriver(), { ...quiet, error: (message) => errors.push(message) });
    await next.limits.apply(command(1, 500));
    expect(next.driver.applied).toEqual([["workspace", 500]]);
    expect(readFileSync(`${file}.damaged`, "utf8")).toBe("[{");
    expect(errors).toHaveLength(1);
  });
});

import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ProjectId, RunId } from "@quarterdeck/core/ids";
import { mebibyte } from "@quarterdeck/core/units";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newId, tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";
import { SmallDisk } from "./small-disk.ts";

const workspaceOf = ({ data, relay }: RealBridge) => data.workspace(relay.platform.workspaceId);

/** Puts a file into a project, as a run would have made it: it belongs to the workspace's user. */
function put(bridge: RealBridge, projectId: ProjectId, name: string, content: string | Buffer, mode = 0o644): string {
  const { home, project } = { home: workspaceOf(bridge).home, project: workspaceOf(bridge).project(projectId) };
  const { uid, gid } = statSync(home);
  const path = join(project, name);
  mkdirSync(project, { recursive: true, mode: 0o700 });
  writeFileSync(path, content, { mode });
  for (const each of [project, path]) chownSync(each, uid, gid);
  return path;
}

const pack = (bridge: RealBridge, keeps = 5) => bridge.relay.run({ action: "workspace.archive", params: { keeps } });

describe("a workspace's archive", () => {
  let bridge: RealBridge;
  let projects: [ProjectId, ProjectId];
  beforeAll(async () => {
    bridge = await RealBridge.start();
    await bridge.relay.run({ action: "workspace.create" });
  });
  afterAll(() => bridge[Symbol.asyncDispose]());

  const workspace = () => workspaceOf(bridge);
  const fileOf = (name: string, project = 0) => join(workspace().project(projects[project]!), name);
  const pathOf = (runId: RunId) => join(workspace().archives, `${bridge.relay.platform.workspaceId}.${runId}.tar`);
  const leftovers = () =>
    [...readdirSync(workspace().projects), ...readdirSync(workspace().archives)].filter((name) => name.startsWith("."));
  const restore = (archive: RunId, { replaces = false, overrides = {} } = {}) =>
    bridge.relay.run({ action: "workspace.restore", params: { archive, replaces }, overrides });

  beforeEach(() => {
    rmSync(workspace().projects, { recursive: true, force: true });
    mkdirSync(workspace().projects, { mode: 0o700 });
    projects = [newId("project") as ProjectId, newId("project") as ProjectId].toSorted() as typeof projects;
    for (const projectId of projects) {
      put(bridge, projectId, "run", "#!/bin/sh\n", 0o755);
      put(bridge, projectId, "which", projectId);
      symlinkSync("which", join(workspace().project(projectId), "link"));
    }
  });

  it("is one file of all its projects, with a checksum of each, that ordinary tools can read", async () => {
    const end = await pack(bridge);
    expect(end).toMatchObject({ verdict: "succeeded" });
    const path = pathOf(end.runId);
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(end.archives).toMatchObject({ made: { sizeBytes: bytes.length, sha256 }, kept: [end.runId] });
    expect(readFileSync(`${path}.sha256`, "utf8")).toBe(`${sha256}  ${path.split("/").at(-1)}\n`);
    expect(statSync(path)).toMatchObject({ uid: process.getuid?.(), nlink: 1 });
    expect(statSync(path).mode & 0o777).toBe(0o444);
    const names = spawnSync("tar", ["--list", "--file", path], { encoding: "utf8" }).stdout.trim().split("\n");
    expect(names).toHaveLength(3);
    expect(names.at(-1)).toBe("manifest.json");
    const member = (name: string) => spawnSync("tar", ["--extract", "--to-stdout", "--file", path, name]).stdout;
    const manifest = JSON.parse(member("manifest.json").toString()) as { projects: object[] };
    const inside = projects.map((projectId, index) => {
      const part = member(names[index]!);
      return { projectId, sizeBytes: part.length, sha256: createHash("sha256").update(part).digest("hex") };
    });
    expect(manifest.projects).toEqual(inside.map((one, index) => ({ ...one, file: names[index] })));
    expect(end.archives?.made?.projects).toEqual(inside);
    expect(leftovers()).toEqual([]);
    const look = { program: "ls", args: [workspace().archives] };
    expect(await bridge.relay.run({ action: "exec", params: look })).toMatchObject({ verdict: "failed" });
  });

  it("brings back the projects that are gone, as they were, and leaves the others alone", async () => {
    const { runId } = await pack(bridge);
    rmSync(workspace().project(projects[0]), { recursive: true });
    put(bridge, projects[1], "newer", "kept");
    const end = await restore(runId);
    expect(end).toMatchObject({ verdict: "succeeded" });
    expect(tailText(end)).toContain("entries");
    expect(readFileSync(fileOf("link"), "utf8")).toBe(projects[0]);
    expect(readlinkSync(fileOf("link"))).toBe("which");
    const { uid, mode } = statSync(fileOf("run"));
    expect([uid, mode & 0o777]).toEqual([statSync(workspace().home).uid, 0o755]);
    expect(readFileSync(fileOf("newer", 1), "utf8")).toBe("kept");
    expect(await restore(runId)).toMatchObject({ verdict: "refused", code: "CONFLICT" });
    expect(leftovers()).toEqual([]);
  });

  it("takes the place of every project only where the task says so, and of no other", async () => {
    const { runId } = await pack(bridge);
    for (const projectId of projects) put(bridge, projectId, "newer", "gone");
    const since = newId("project") as ProjectId;
    put(bridge, since, "which", "since");
    expect(await restore(runId, { replaces: true })).toMatchObject({ verdict: "succeeded" });
    for (const index of [0, 1]) expect(readdirSync(fileOf("", index)).sort()).toEqual(["link", "run", "which"]);
    expect(readFileSync(join(workspace().project(since), "which"), "utf8")).toBe("since");
    expect(leftovers()).toEqual([]);
  });

  it("is not kept when one of its projects cannot be packed", async () => {
    put(bridge, projects[1], "locked", "secret", 0o000);
    const end = await pack(bridge);
    expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_FAILED" });
    expect(existsSync(pathOf(end.runId))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it("that was changed, or is not there, restores nothing [S6]", async () => {
    const { runId } = await pack(bridge);
    const bytes = readFileSync(pathOf(runId));
    bytes[600]! ^= 1;
    chmodSync(pathOf(runId), 0o600);
    writeFileSync(pathOf(runId), bytes);
    expect(await restore(runId, { replaces: true })).toMatchObject({ verdict: "refused", code: "ARCHIVE_REFUSED" });
    const none = newId("run") as RunId;
    expect(await restore(none, { replaces: true })).toMatchObject({ verdict: "refused", code: "NOT_FOUND" });
    expect(readFileSync(fileOf("which"), "utf8")).toBe(projects[0]);
  });

  it("whose parts are not those of its manifest is refused, and leaves everything as it was [S6]", async () => {
    const { runId } = await pack(bridge);
    const bytes = readFileSync(pathOf(runId));
    bytes[600]! ^= 1; // In the first project's part; the checksum of the whole says that it was so from the start.
    chmodSync(pathOf(runId), 0o644);
    writeFileSync(pathOf(runId), bytes);
    writeFileSync(`${pathOf(runId)}.sha256`, `${createHash("sha256").update(bytes).digest("hex")}  x\n`);
    const end = await restore(runId, { replaces: true });
    expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_REFUSED" });
    expect(tailText(end)).toContain("checksum");
    expect(readFileSync(fileOf("which"), "utf8")).toBe(projects[0]);
    expect(leftovers()).toEqual([]);
  });

  it("that unpacks to more than the workspace's quota leaves everything as it was [S6]", async () => {
    for (const [index, projectId] of projects.entries()) put(bridge, projectId, "bomb", Buffer.alloc(2 ** 20, index));
    const { runId } = await pack(bridge);
    expect(statSync(pathOf(runId)).size).toBeLessThan(2 ** 17);
    for (const index of [0, 1]) rmSync(fileOf("bomb", index));
    const limits = { cpu: null, memory: null, tasks: null, disk: 1.5 * mebibyte, bandwidth: null };
    const end = await restore(runId, { replaces: true, overrides: { quota: { workspace: limits, project: null } } });
    expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_REFUSED" });
    expect(readdirSync(fileOf("", 0)).sort()).toEqual(["link", "run", "which"]);
    expect(leftovers()).toEqual([]);
  });

  it("makes the oldest of the workspace go, and none of its projects'", async () => {
    const ofProject = await bridge.relay.run({
      action: "project.archive",
      projectId: projects[0],
      params: { keeps: 1 },
    });
    const [first, second] = [await pack(bridge, 50), await pack(bridge, 50)];
    const third = await pack(bridge, 2);
    expect(third.archives?.kept).toEqual([third.runId, second.runId]);
    expect(existsSync(pathOf(first.runId)) || existsSync(`${pathOf(first.runId)}.sha256`)).toBe(false);
    const remove = { action: "workspace.deleteArchive", params: { archive: second.runId } } as const;
    expect((await bridge.relay.run(remove)).archives).toEqual({ made: null, kept: [third.runId] });
    expect(readdirSync(workspace().archives).filter((name) => name.includes(ofProject.runId))).toHaveLength(2);
  });

  it("of a workspace without files is refused", async () => {
    rmSync(workspace().projects, { recursive: true });
    expect(await pack(bridge)).toMatchObject({ verdict: "refused", code: "NOT_FOUND" });
  });
});

it("an archive that the disk has no room for is not kept, and leaves nothing", async () => {
  await using disk = await SmallDisk.make();
  await using bridge = await RealBridge.start({ disk });
  const { relay } = bridge;
  await relay.run({ action: "workspace.create" });
  const projectId = newId("project") as ProjectId;
  put(bridge, projectId, "noise", randomBytes(34 * mebibyte));
  const end = await pack(bridge);
  expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_FAILED" });
  expect(readdirSync(workspaceOf(bridge).archives)).toEqual([]);
  const alone = await relay.run({ action: "project.archive", projectId, params: { keeps: 1 } });
  expect(alone).toMatchObject({ verdict: "failed", code: "ARCHIVE_FAILED" });
  expect(readdirSync(workspaceOf(bridge).archives)).toEqual([]);
});

import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { ProjectId, RunId } from "@quarterdeck/core/ids";
import type { RunFinished } from "@quarterdeck/core/protocol/result";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newId, tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

let bridge: RealBridge;
let projectId: ProjectId;
let directory: string;
beforeAll(async () => {
  bridge = await RealBridge.start();
  await bridge.relay.run({ action: "workspace.create" });
});
afterAll(() => bridge[Symbol.asyncDispose]());

const workspace = () => bridge.data.workspace(bridge.relay.platform.workspaceId);

/** As a run would have made it: it belongs to the workspace's user. */
function own(path: string): void {
  const { uid, gid } = statSync(workspace().home);
  chownSync(path, uid, gid);
}

beforeEach(() => {
  projectId = newId("project") as ProjectId;
  directory = workspace().project(projectId);
  mkdirSync(join(directory, "src"), { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, "src/main.js"), "console.log('hello')\n", { mode: 0o640 });
  writeFileSync(join(directory, "run"), "#!/bin/sh\n", { mode: 0o755 });
  symlinkSync("src/main.js", join(directory, "link"));
  for (const name of ["", "src", "src/main.js", "run"]) own(join(directory, name));
});

async function archive(keeps = 5): Promise<Pick<RunFinished, "archives" | "message"> & { runId: RunId; path: string }> {
  const end = await bridge.relay.run({ action: "project.archive", projectId, params: { keeps } });
  expect(end).toMatchObject({ verdict: "succeeded" });
  const name = readdirSync(workspace().archives).find((file) => new RegExp(`${end.runId}.*(zst|gz)$`).test(file));
  return { runId: end.runId, path: join(workspace().archives, name!), message: end.message, archives: end.archives! };
}

const restore = (runId: RunId, { replaces = false, overrides = {} } = {}) =>
  bridge.relay.run({ action: "project.restore", projectId, params: { archive: runId, replaces }, overrides });

/** What is in the folder of projects besides this one's. */
const leftovers = () => readdirSync(workspace().projects).filter((name) => name.startsWith("."));

describe("a project's archive", () => {
  it("is kept outside of it, with size and SHA-256, and nobody's to change", async () => {
    const { path, message, runId, archives } = await archive();
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    expect(message).toBe(`Archive ${runId}: ${bytes.length} bytes, SHA-256 ${sha256}.`);
    expect(archives).toEqual({ made: { sizeBytes: bytes.length, sha256, projects: [] }, kept: [runId] });
    expect(readFileSync(`${path}.sha256`, "utf8")).toBe(`${sha256}  ${path.split("/").at(-1)}\n`);
    expect(statSync(path)).toMatchObject({ uid: process.getuid?.(), nlink: 1 });
    expect(statSync(path).mode & 0o777).toBe(0o444);
    expect(readdirSync(workspace().archives).filter((name) => name.startsWith("."))).toEqual([]);
    const look = { program: "ls", args: [workspace().archives] };
    expect(await bridge.relay.run({ action: "exec", projectId, params: look })).toMatchObject({ verdict: "failed" });
  });

  it("brings the project back as it was, where it is gone", async () => {
    const { runId } = await archive();
    rmSync(directory, { recursive: true });
    const end = await restore(runId);
    expect(end).toMatchObject({ verdict: "succeeded" });
    expect(tailText(end)).toContain("entries");
    expect(readFileSync(join(directory, "link"), "utf8")).toBe("console.log('hello')\n");
    expect(lstatSync(join(directory, "link")).isSymbolicLink()).toBe(true);
    const { uid, mode } = statSync(join(directory, "run"));
    expect([uid, mode & 0o777]).toEqual([statSync(workspace().home).uid, 0o755]);
    expect(leftovers()).toEqual([]);
  });

  it("takes the place of what is there only where the task says so", async () => {
    const { runId } = await archive();
    writeFileSync(join(directory, "newer"), "kept");
    own(join(directory, "newer"));
    expect(await restore(runId)).toMatchObject({ verdict: "refused", code: "CONFLICT" });
    expect(existsSync(join(directory, "newer"))).toBe(true);
    expect(await restore(runId, { replaces: true })).toMatchObject({ verdict: "succeeded" });
    expect(existsSync(join(directory, "newer"))).toBe(false);
    expect(existsSync(join(directory, "run"))).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  it("that was changed is not unpacked: its checksum is looked at first [S6]", async () => {
    const { runId, path } = await archive();
    const bytes = readFileSync(path);
    bytes[bytes.length - 1]! ^= 1;
    chmodSync(path, 0o600);
    writeFileSync(path, bytes);
    expect(await restore(runId, { replaces: true })).toMatchObject({ verdict: "refused", code: "ARCHIVE_REFUSED" });
    expect(existsSync(join(directory, "run"))).toBe(true);
  });

  it("of another project is not found, and one that unpacks to more than the quota leaves everything as it was [S6]", async () => {
    writeFileSync(join(directory, "bomb"), Buffer.alloc(2 ** 21));
    own(join(directory, "bomb"));
    const { runId, path } = await archive();
    expect(statSync(path).size).toBeLessThan(2 ** 16);
    const limits = { cpu: null, memory: null, tasks: null, disk: 2 ** 20, bandwidth: null };
    const overrides = { quota: { workspace: { ...limits, disk: null }, project: limits } };
    rmSync(join(directory, "bomb")); // With it the project would be at its quota.
    const end = await restore(runId, { replaces: true, overrides });
    expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_REFUSED" });
    expect(readdirSync(directory).sort()).toEqual(["link", "run", "src"]);
    expect(leftovers()).toEqual([]);
    projectId = newId("project") as ProjectId;
    expect(await restore(runId)).toMatchObject({ verdict: "refused", code: "NOT_FOUND" });
  });

  it("makes the oldest beyond those that may be kept go, with its checksum, and says which there are", async () => {
    const first = await archive();
    const second = await archive(2);
    const other = newId("project") as ProjectId;
    mkdirSync(workspace().project(other));
    own(workspace().project(other));
    const beside = await bridge.relay.run({ action: "project.archive", projectId: other, params: { keeps: 1 } });
    const third = await bridge.relay.run({ action: "project.archive", projectId, params: { keeps: 2 } });
    expect(third.archives?.kept).toEqual([third.runId, second.runId]);
    expect(existsSync(first.path) || existsSync(`${first.path}.sha256`)).toBe(false);
    expect(existsSync(second.path)).toBe(true);
    expect(readdirSync(workspace().archives).filter((name) => name.includes(beside.runId))).toHaveLength(2);
  });

  it("is deleted with its checksum, also a second time, and cannot be restored then", async () => {
    const [{ runId, path }, other] = [await archive(), await archive()];
    const remove = { action: "project.deleteArchive", projectId, params: { archive: runId } } as const;
    for (const _ of ["once", "again"]) {
      const end = await bridge.relay.run(remove);
      expect(end).toMatchObject({ verdict: "succeeded", archives: { made: null, kept: [other.runId] } });
    }
    expect(existsSync(path) || existsSync(`${path}.sha256`)).toBe(false);
    expect(await restore(runId, { replaces: true })).toMatchObject({ verdict: "refused", code: "NOT_FOUND" });
    expect(existsSync(join(directory, "run"))).toBe(true);
  });
});

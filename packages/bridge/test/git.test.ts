import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMarker } from "../src/runs/run-files.ts";
import { newId, tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

/** Addresses that get no answer. */
const stalls = new Set<string>();
let onStall: () => void = () => undefined;

/** git's own HTTP server over a folder of repositories. */
async function startGitServer(root: string): Promise<Server> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    if (url.pathname.startsWith("/secret.git"))
      return response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end();
    if (url.pathname.startsWith("/stalls.git") && stalls.has(url.pathname)) return onStall();
    const environment = {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: url.pathname.replace("/stalls.git", "/project.git"),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
    };
    const child = spawn("git", ["http-backend"], { env: environment, stdio: ["pipe", "pipe", "ignore"] });
    request.pipe(child.stdin);
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("close", () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf("\r\n\r\n");
      const headers = all
        .subarray(0, end)
        .toString()
        .split("\r\n")
        .map((line) => line.split(": ") as [string, string]);
      const status = headers.find(([name]) => name === "Status")?.[1].slice(0, 3);
      response.writeHead(Number(status ?? 200), Object.fromEntries(headers)).end(all.subarray(end + 4));
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const root = mkdtempSync(join(tmpdir(), "qd-git-"));
const work = join(root, "work");
const git = (...args: string[]) =>
  execFileSync("git", ["-C", work, "-c", "user.name=Zoë", "-c", "user.email=z@example.com", ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
let bridge: RealBridge;
let server: Server;
let base: string;

function commit(file: string, content: string, subject: string): void {
  writeFileSync(join(work, file), content);
  git("add", "-A");
  git("commit", "-qm", subject);
  git("push", "-q", join(root, "project.git"), "HEAD:main");
}

beforeAll(async () => {
  mkdirSync(work);
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", join(root, "project.git")]);
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", join(root, "empty.git")]);
  execFileSync("git", ["init", "-q", "-b", "main", work]);
  mkdirSync(join(work, "lib"));
  writeFileSync(join(work, "lib/a.js"), "1");
  symlinkSync("/etc", join(work, "outside"));
  commit("README.md", "hello", "first: مرحبا");
  server = await startGitServer(root);
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  bridge = await RealBridge.start();
});
afterAll(async () => {
  await bridge[Symbol.asyncDispose]();
  await new Promise((resolve) => server.close(resolve));
  rmSync(root, { recursive: true, force: true });
});

const newProject = () => newId("project") as ProjectId;
const clone = (projectId: ProjectId, url: string, branch?: string) =>
  bridge.relay.run({
    action: "project.clone",
    projectId,
    params: { url, ...(branch === undefined ? {} : { branch }) },
  });
const projects = () => {
  const path = bridge.data.workspace(bridge.relay.platform.workspaceId).projects;
  return existsSync(path) ? readdirSync(path) : [];
};

/** git, started by the code of a run: no rules about arguments hold for what that does. */
function gitOfARun(...args: string[]) {
  const code = 'require("node:child_process").execFileSync("git", process.argv.slice(1))';
  return { program: "node", args: ["-e", code, ...args] };
}

describe("a project", () => {
  const projectId = newProject();

  it("is cloned, with branch and last commit", async () => {
    const end = await clone(projectId, `${base}/project.git`);
    expect(end).toMatchObject({
      verdict: "succeeded",
      repository: { branch: "main", head: { subject: "first: مرحبا", author: "Zoë" } },
    });
    expect(projects()).toEqual([projectId]);
  });

  it("is not cloned twice, and says how it is", async () => {
    expect(await clone(projectId, `${base}/project.git`)).toMatchObject({
      verdict: "succeeded",
      repository: { branch: "main" },
    });
    expect(await clone(projectId, `${base}/empty.git`)).toMatchObject({ verdict: "refused", code: "CONFLICT" });
  });

  it("is read: status, log, files", async () => {
    const status = await bridge.relay.run({ action: "git.status", projectId });
    expect(JSON.parse(tailText(status))).toMatchObject({
      branch: "main",
      isClean: true,
      changedFiles: 0,
      head: { author: "Zoë" },
    });
    const log = await bridge.relay.run({ action: "git.log", projectId, params: { limit: 5 } });
    expect(JSON.parse(tailText(log))).toMatchObject({
      commits: [{ subject: "first: مرحبا", hash: git("rev-parse", "HEAD").trim() }],
    });
    const files = await bridge.relay.run({ action: "files.list", projectId, params: { path: "" } });
    const listing = JSON.parse(tailText(files)) as {
      entries: { name: string; kind: string; sizeBytes: number | null }[];
      isCut: boolean;
    };
    expect(listing.entries.map(({ name, kind, sizeBytes }) => [name, kind, sizeBytes])).toEqual([
      ["lib", "directory", null],
      ["README.md", "file", 5],
      ["outside", "symlink", null],
    ]);
  });

  it("is pulled: only forward", async () => {
    commit("README.md", "more", "second");
    expect(await bridge.relay.run({ action: "git.pull", projectId })).toMatchObject({
      verdict: "succeeded",
      repository: { head: { subject: "second" } },
    });
    git("commit", "-q", "--amend", "-m", "rewritten");
    git("push", "-qf", join(root, "project.git"), "HEAD:main");
    const end = await bridge.relay.run({ action: "git.pull", projectId });
    expect(end).toMatchObject({ verdict: "failed", code: "GIT_FAILED" });
    expect(end.message).toMatch(/brought forward/);
  });

  it("runs programs in its own directory", async () => {
    const end = await bridge.relay.run({ action: "exec", projectId, params: { program: "pwd", args: [] } });
    expect(tailText(end).trim()).toBe(bridge.data.workspace(bridge.relay.platform.workspaceId).project(projectId));
  });

  it("does not list outside itself: no .., no absolute path, no symlink out, no .git [S6]", async () => {
    const list = (path: string) => bridge.relay.run({ action: "files.list", projectId, params: { path } });
    for (const path of ["..", "lib/../..", "/etc", "a\0b"])
      expect(await list(path)).toMatchObject({ verdict: "refused", code: "COMMAND_INVALID" });
    for (const path of ["outside", "outside/ssl", ".git", "lib/a.js", "nothing"])
      expect(await list(path)).toMatchObject({ verdict: "failed", code: "NOT_FOUND" });
    expect(JSON.parse(tailText(await list("lib")))).toMatchObject({ entries: [{ name: "a.js" }] });
  });

  it("runs no program that its own configuration names, while it is read by the bridge [S2]", async () => {
    const proof = join(bridge.data.workspace(bridge.relay.platform.workspaceId).scratch, "proof");
    const args = (name: string) => gitOfARun("config", name, `touch ${proof}; true`);
    for (const name of ["core.fsmonitor", "core.pager", "credential.helper"])
      await bridge.relay.run({ action: "exec", projectId, params: args(name) });
    expect(await bridge.relay.run({ action: "git.status", projectId })).toMatchObject({ verdict: "succeeded" });
    expect(existsSync(proof)).toBe(false);
  });

  it("whose remote a run has changed to another kind is not pulled [S2]", async () => {
    for (const url of ["ext::sh -c touch% /tmp/x", "file:///etc", `${root}/project.git`]) {
      await bridge.relay.run({
        action: "exec",
        projectId,
        params: gitOfARun("remote", "set-url", "origin", url),
      });
      expect(await bridge.relay.run({ action: "git.pull", projectId })).toMatchObject({
        verdict: "refused",
        code: "INVALID_GIT_URL",
      });
    }
  });

  it("whose directory a run has replaced by a link is not followed [S6]", async () => {
    const path = bridge.data.workspace(bridge.relay.platform.workspaceId).project(projectId);
    renameSync(path, `${path}.moved`);
    symlinkSync("/etc", path);
    expect(await bridge.relay.run({ action: "files.list", projectId, params: { path: "" } })).toMatchObject({
      verdict: "refused",
      code: "NOT_FOUND",
    });
    expect(await bridge.relay.run({ action: "exec", projectId, params: { program: "pwd", args: [] } })).toMatchObject({
      verdict: "refused",
    });
    rmSync(path);
    renameSync(`${path}.moved`, path);
  });
});

describe("an empty repository", () => {
  it("is cloned, and has no commit", async () => {
    const projectId = newProject();
    expect(await clone(projectId, `${base}/empty.git`)).toMatchObject({
      verdict: "succeeded",
      repository: { head: null },
    });
    expect(
      JSON.parse(tailText(await bridge.relay.run({ action: "git.log", projectId, params: { limit: 1 } }))),
    ).toEqual({ commits: [] });
  });
});

describe("a clone that fails", () => {
  it.each([
    ["does not exist", () => `${base}/none.git`, /does not exist/],
    ["needs a password", () => `${base}/secret.git`, /password/],
    ["cannot be reached", () => "http://127.0.0.1:1/x.git", /cannot be reached/],
  ])("because it %s says so and leaves nothing", async (_, url, message) => {
    const before = projects();
    const end = await clone(newProject(), url());
    expect(end).toMatchObject({ verdict: "failed", code: "GIT_FAILED" });
    expect(end.message).toMatch(message);
    expect(projects()).toEqual(before);
  });

  it("because its branch does not exist says so", async () => {
    expect((await clone(newProject(), `${base}/project.git`, "none")).message).toMatch(/no branch of that name/);
  });

  it.each([
    "--upload-pack=touch /tmp/x",
    "ext::sh -c id",
    "EXT::sh",
    "file:///etc",
    "/etc",
    "../x",
    "-cprotocol.ext.allow=always",
    "http://example.com/x.git",
    "git://x/y",
  ])("because its address is %j is refused [S2]", async (url) => {
    expect(await clone(newProject(), url)).toMatchObject({ verdict: "refused", code: "INVALID_GIT_URL" });
  });

  it.each(["--upload-pack=x", "-b", "a..b", "a b"])("because its branch is %j is refused [S2]", async (branch) => {
    expect(await clone(newProject(), `${base}/project.git`, branch)).toMatchObject({
      verdict: "refused",
      code: "COMMAND_INVALID",
    });
  });
});

describe("a clone whose wrapper is killed", () => {
  it("is started again by itself, as the same attempt, because that is harmless [F4]", async () => {
    const projectId = newProject();
    stalls.add("/stalls.git/info/refs");
    const isStalled = new Promise<void>((resolve) => (onStall = resolve));
    const runId = await bridge.relay.send({
      action: "project.clone",
      projectId,
      params: { url: `${base}/stalls.git` },
    });
    await isStalled;
    stalls.clear();
    process.kill(readMarker(bridge.data.run(runId))!.pid, "SIGKILL");
    expect(await bridge.relay.untilFinished(runId)).toMatchObject({
      verdict: "succeeded",
      attempt: 1,
      repository: { branch: "main" },
    });
    expect(projects().filter((name) => name.startsWith("."))).toEqual([]);
    const kinds = bridge.relay.results.filter(({ result }) => result.runId === runId).map(({ result }) => result.kind);
    expect(kinds.filter((kind) => kind === "finished")).toHaveLength(1);
  });

  it("each time it is started again three times on its one signature and no more (PROTOCOL 4.12) [F4]", async () => {
    stalls.add("/stalls.git/info/refs");
    const { command, text } = await bridge.relay.platform.makeCommand({
      action: "project.clone",
      projectId: newProject(),
      params: { url: `${base}/stalls.git` },
    });
    let starts = 0;
    onStall = () => {
      starts++;
      process.kill(readMarker(bridge.data.run(command.runId))!.pid, "SIGKILL");
    };
    bridge.relay.sendSigned(text);
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({
      verdict: "indeterminate",
      code: "CUT_OFF",
    });
    expect(starts).toBe(4);
    stalls.clear();
  });
});

describe("actions without their project", () => {
  it.each(["git.status", "git.pull", "files.list"] as const)("%s says that it is not here", async (action) => {
    const params = action === "files.list" ? { path: "" } : {};
    expect(await bridge.relay.run({ action, projectId: newProject(), params })).toMatchObject({
      verdict: "refused",
      code: "NOT_FOUND",
    });
    expect(await bridge.relay.run({ action, params })).toMatchObject({ verdict: "refused", code: "COMMAND_INVALID" });
  });
});

describe("workspace.create", () => {
  it("makes the workspace's directories, any number of times", async () => {
    for (let i = 0; i < 2; i++)
      expect(await bridge.relay.run({ action: "workspace.create" })).toMatchObject({ verdict: "succeeded" });
    expect(readdirSync(bridge.data.workspace(bridge.relay.platform.workspaceId).path)).toEqual([
      "home",
      "projects",
      "scratch",
    ]);
  });
});

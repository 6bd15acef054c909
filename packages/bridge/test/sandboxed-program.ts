import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { DataDirectory } from "../src/data-directory.ts";
import type { GroupPath } from "../src/drivers/driver.ts";
import type { ProgramCall } from "../src/drivers/program-call.ts";
import { runCall, type CallEnd } from "../src/drivers/run-call.ts";
import { searchPath } from "../src/drivers/search-path.ts";
import { openSandbox, type OpenedSandbox } from "../src/sandbox/open-sandbox.ts";
import { makeOwnFolder } from "../src/sandbox/own-folder.ts";
import type { SandboxPlace } from "../src/sandbox/sandbox.ts";
import { startCompanion } from "../src/wrapper/companion.ts";
import { newId } from "./fake-platform.ts";

const folders = searchPath(process.env["PATH"]);

/** A sandbox on this machine, with data of its own. */
export class TestSandbox implements Disposable {
  readonly data: DataDirectory;
  readonly sandbox: OpenedSandbox;

  private constructor(data: DataDirectory, sandbox: OpenedSandbox) {
    this.data = data;
    this.sandbox = sandbox;
  }

  static async open(hidden: readonly string[] = []): Promise<TestSandbox> {
    const data = DataDirectory.open(realpathSync(mkdtempSync(join(tmpdir(), "qd-sandbox-"))));
    const sandbox = await openSandbox({ data, hidden, folders, bubblewrap: undefined, hasConsent: false });
    if (sandbox.reason !== null) throw new Error(sandbox.reason);
    return new TestSandbox(data, sandbox);
  }

  workspace(network: SandboxPlace["network"] = { mode: "none", hosts: [] }): TestWorkspace {
    return new TestWorkspace(this, newId("workspace") as WorkspaceId, network);
  }

  [Symbol.dispose](): void {
    rmSync(this.data.path, { recursive: true, force: true });
  }
}

/** A workspace with a project, and what runs in it. */
export class TestWorkspace {
  readonly home: string;
  readonly project: string;
  readonly path: string;
  readonly of: GroupPath;
  readonly place: SandboxPlace;
  readonly #sandbox: OpenedSandbox;

  constructor({ data, sandbox }: TestSandbox, id: WorkspaceId, network: SandboxPlace["network"]) {
    const { path, home, projects } = data.workspace(id);
    const user = sandbox.users?.of(id) ?? null;
    this.path = path;
    this.home = home;
    const projectId = newId("project") as ProjectId;
    this.project = join(projects, projectId);
    mkdirSync(projects, { recursive: true, mode: 0o700 });
    for (const folder of [home, this.project]) makeOwnFolder(folder, user);
    this.of = { workspaceId: id, projectId };
    this.place = { writable: [home, this.project], user, of: this.of, network };
    this.#sandbox = sandbox;
  }

  call(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): ProgramCall {
    const own = { PATH: folders.join(":"), HOME: this.home, ...environment };
    return this.#sandbox.wrap({ program, args, directory: this.project, environment: own }, this.place);
  }

  run(program: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<CallEnd> {
    return runWithCompanion(this.call(program, args, environment));
  }

  shell(script: string): Promise<CallEnd> {
    return this.run("/bin/sh", ["-c", script]);
  }
}

async function runWithCompanion(call: ProgramCall): Promise<CallEnd> {
  const end = call.companion ? startCompanion(call.companion) : () => undefined;
  try {
    return await runCall(call, { timeoutMs: 60_000, outputBytes: 1024 * 1024 });
  } finally {
    end();
  }
}

/** Starts a call and waits for its first line. */
export async function startCall(call: ProgramCall): Promise<{ child: ChildProcess; line: string }> {
  const files = (call.files ?? []).map((path) => openSync(path, "r"));
  const child = spawn(call.program, call.args, {
    cwd: call.directory,
    env: call.environment,
    stdio: ["pipe", "pipe", "inherit", ...files],
  });
  for (const file of files) closeSync(file);
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(text.split("\n")[0] ?? "");
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code} before it said anything: ${text}`)));
  });
  return { child, line };
}

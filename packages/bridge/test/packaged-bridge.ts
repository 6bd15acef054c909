import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ProjectId } from "@quarterdeck/core/ids";
import { DataDirectory } from "../src/data-directory.ts";
import { FakeRelay } from "./fake-relay.ts";
import { ordinaryUser } from "./ordinary-user.ts";
import type { CliEnd } from "./run-cli.ts";
import { realPackage } from "./test-package.ts";

/** Whom it runs as: never root, also where this test is. */
const user = ordinaryUser();

interface Options {
  /** What its processes are started by: the start of a command line. */
  readonly enter?: (folder: string) => readonly string[];
  readonly args?: readonly string[];
}

/** The package as it is published, unpacked, and run by an ordinary user with a home of its own. */
export class PackagedBridge implements AsyncDisposable {
  readonly relay: FakeRelay;
  readonly #folder: string;
  readonly #options: Options;
  #child: ChildProcess | undefined;
  log = "";

  private constructor(relay: FakeRelay, options: Options) {
    this.relay = relay;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "qd-packaged-"));
    chmodSync(this.#folder, 0o755);
    for (const { name, content } of realPackage().files) {
      const path = join(this.#folder, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      writeFileSync(path, content, { mode: 0o644 });
    }
    mkdirSync(this.#home, { mode: 0o700 });
    if (user) chownSync(this.#home, user.uid, user.gid);
  }

  static async start(options: Options = {}): Promise<PackagedBridge> {
    const relay = await FakeRelay.start();
    relay.files.set("/health", Buffer.from("{}"));
    const bridge = new PackagedBridge(relay, options);
    const key = await relay.platform.fingerprint();
    const { args = [] } = options;
    const identify = ["--url", relay.url, "--token", relay.platform.token, "--platform-key", key];
    const child = bridge.#spawn(["connect", ...identify, ...args]);
    bridge.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data: Buffer) => {
        bridge.log += data.toString();
        relay.changes.notify();
      });
    child.once("exit", () => relay.changes.notify());
    await relay.changes.until(() => relay.isOnline || child.exitCode !== null, "the packaged bridge");
    if (child.exitCode !== null) throw new Error(bridge.log);
    return bridge;
  }

  get #home(): string {
    return join(this.#folder, "home");
  }

  /** Makes a repository with one commit where a project's files are. */
  makeRepository(projectId: ProjectId): void {
    const data = new DataDirectory(join(this.#home, ".local/share/quarterdeck-bridge"));
    const directory = data.workspace(this.relay.platform.workspaceId).project(projectId);
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", ...args], {
        cwd: directory,
        ...user,
      });
    mkdirSync(directory, { mode: 0o700 });
    if (user) chownSync(directory, user.uid, user.gid);
    git("init", "--quiet", "--initial-branch=main");
    git("commit", "--quiet", "--allow-empty", "--message=first");
  }

  /** What `quarterdeck-bridge doctor` says beside the bridge. */
  async doctor(): Promise<CliEnd> {
    const child = this.#spawn(["doctor"]);
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (data: Buffer) => (stdout += data.toString()));
    child.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
    const [exitCode] = (await once(child, "close")) as [number | null];
    return { exitCode, stdout, stderr };
  }

  #spawn(args: readonly string[]): ChildProcess {
    const { enter = () => [] } = this.#options;
    const bundle = join(this.#folder, "package/dist/quarterdeck-bridge.mjs");
    const [command = "", ...rest] = [...enter(this.#folder), process.execPath, bundle, ...args];
    return spawn(command, rest, {
      env: { PATH: process.env["PATH"], HOME: this.#home },
      stdio: ["ignore", "pipe", "pipe"],
      cwd: this.#folder,
      ...user,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGTERM");
      await ended;
    }
    await this.relay.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

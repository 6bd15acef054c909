import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { generateSealingKey } from "@quarterdeck/core/protocol/hpke";
import { generateSigningKey } from "@quarterdeck/core/protocol/signing";
import { DataDirectory } from "../src/data-directory.ts";
import type { HostVerb } from "../src/host/host-verbs.ts";
import { writeIdentity } from "../src/identity.ts";
import { killRun } from "../src/wrapper/end-run.ts";
import { Changes } from "./changes.ts";
import { FakePlatform } from "./fake-platform.ts";
import { runCli } from "./run-cli.ts";

const cli = join(import.meta.dirname, "../src/cli.ts");

/** A helper in a process of its own, started by the command line as the installer does. */
export class HelperProcess implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "qd-helper-"));
  readonly data = new DataDirectory(join(this.folder, "helper"));
  readonly socketPath = join(this.folder, "helper.sock");
  readonly changes = new Changes();
  readonly #group: readonly string[];
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  log = "";

  /**
   * @param gid the group of the daemon, where that has another user
   * @param environment what differs from a helper that limits nothing
   */
  constructor(gid?: number, environment: NodeJS.ProcessEnv = {}) {
    this.#environment = environment;
    this.#group = gid === undefined ? [] : ["--group", String(gid)];
    if (gid !== undefined) chmodSync(this.folder, 0o711);
  }

  /** `helper init`. @returns its exit code and words */
  init(bridgePath: string) {
    return runCli(["helper", "init", "--from", bridgePath, "--data", this.data.path, ...this.#group]);
  }

  async begin(): Promise<void> {
    const args = [cli, "helper", "--data", this.data.path, "--socket", this.socketPath, ...this.#group];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env["PATH"], QUARTERDECK_DRIVER: "process", ...this.#environment },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const before = this.log.length;
    child.stderr.on("data", (data: Buffer) => {
      this.log += data.toString();
      this.changes.notify();
    });
    child.once("exit", () => this.changes.notify());
    this.#child = child;
    await this.changes.until(
      () => this.log.slice(before).includes("helper is running") || this.hasEnded,
      "a helper that listens",
    );
  }

  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (!this.#child || this.hasEnded) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }

  /** Codes of what it refused, oldest first. */
  get refusals(): string[] {
    return this.log
      .split("\n")
      .filter((line) => line.includes('"the helper refuses"'))
      .map((line) => (JSON.parse(line) as { code: string }).code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await Promise.all(readdirSync(this.data.runs).map((runId) => killRun(runId as RunId)));
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the platform and the daemon of an enrolled bridge know, without a bridge. */
export async function enrolledPlatform(path: string): Promise<FakePlatform> {
  const platform = await FakePlatform.create();
  const [key, sealingKey] = await Promise.all([generateSigningKey(), generateSealingKey()]);
  platform.bridgeKey = key.publicKey;
  platform.sealingKey = sealingKey.publicKey;
  writeIdentity(DataDirectory.open(path), {
    serverId: platform.serverId,
    orgId: platform.orgId,
    ...key,
    sealingKey,
    platformKeys: platform.keys,
    formerPlatformKeys: [],
    relayUrl: "ws://127.0.0.1:1",
    apiUrl: "http://127.0.0.1:1",
  });
  return platform;
}

interface Said {
  readonly id: number | null;
  readonly answer?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Somebody who got hold of the daemon's process, and says to the helper whatever he likes. */
export class CapturedDaemon implements Disposable {
  readonly #socket: Socket;
  readonly #said: Said[] = [];
  readonly #changes = new Changes();
  #lastId = 0;
  isCutOff = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    let text = "";
    socket.on("data", (data) => {
      const lines = (text + data.toString()).split("\n");
      text = lines.pop() ?? "";
      this.#said.push(...lines.map((line) => JSON.parse(line) as Said));
      this.#changes.notify();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.isCutOff = true;
      this.#changes.notify();
    });
  }

  static async connect(socketPath: string): Promise<CapturedDaemon> {
    const socket = connect(socketPath);
    await once(socket, "connect");
    return new CapturedDaemon(socket);
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  async untilCutOff(): Promise<string | undefined> {
    await this.#changes.until(() => this.isCutOff, "the end of the connection");
    return this.#said.at(-1)?.error?.code;
  }

  async say(verb: string, params: object): Promise<Said> {
    const id = ++this.#lastId;
    this.write(`${JSON.stringify({ id, verb, params })}\n`);
    let found: Said | undefined;
    await this.#changes.until(
      () => (found = this.#said.find((said) => said.id === id)) !== undefined || this.isCutOff,
      `the answer to ${verb}`,
    );
    return found ?? { id: null, error: { code: "CUT_OFF", message: "" } };
  }

  /** @returns the answer. @throws when it is refused */
  async ask<T>(verb: HostVerb, params: object = {}): Promise<T> {
    const { answer, error } = await this.say(verb, params);
    if (error) throw new Error(`${verb}: ${error.code} ${error.message}`);
    return answer as T;
  }

  /** @returns the code with which it is refused; undefined when it is not */
  async refusal(verb: HostVerb, params: object = {}): Promise<string | undefined> {
    return (await this.say(verb, params)).error?.code;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

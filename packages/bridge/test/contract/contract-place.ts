import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type IdKind } from "@quarterdeck/core/ids";
import type { Driver, GroupPath, RunLimits } from "../../src/drivers/driver.ts";
import { groupDirectories, readFirst } from "../../src/drivers/group-files.ts";
import { processesOf } from "../../src/drivers/kill-group.ts";
import { openDriver, type DriverOptions } from "../../src/drivers/open-driver.ts";
import { RunDirectory } from "../../src/data-directory.ts";
import { prepareRun, readMarker, readResult } from "../../src/runs/run-files.ts";
import { WrapperLauncher } from "../../src/runs/wrapper-launcher.ts";
import { signalProcess } from "../../src/wrapper/processes.ts";
import { runMarker, type WrapperResult, type WrapperSpec } from "../../src/wrapper/wrapper-spec.ts";
import { Changes } from "../changes.ts";
import { removeBase } from "./remove-base.ts";

export const mebibyte = 2 ** 20;
const ordinary: RunLimits = {
  promisedCpu: 1000,
  cpu: 1000,
  memoryHigh: 124 * mebibyte,
  memoryMax: 128 * mebibyte,
  tasks: 64,
};

const newId = <K extends IdKind>(kind: K) => makeId(kind, Date.now(), randomBytes(16));

/** How long the contract waits for what must happen: a real server may be an emulated one. */
const patienceMs = 90_000;

export interface StartedRun {
  readonly path: GroupPath;
  readonly runId: WrapperSpec["runId"];
  readonly directory: RunDirectory;
  readonly groupDirectories: readonly string[];
  readonly ended: Promise<WrapperResult>;
  output(): string;
  /** Of the kernel's, now. */
  counter(file: string, name: string): number;
  processes(): number[];
  wrapperPid(): number | undefined;
  /** As a user does it. */
  cancel(): void;
}

interface StartOptions extends Partial<Pick<WrapperSpec, "user" | "files" | "graceMs">> {
  readonly path: GroupPath;
  readonly script: string;
  readonly limits?: Partial<RunLimits>;
  /** What happens between the opening of its group and its start. */
  readonly before?: (groupDirectories: readonly string[]) => void;
}

/** A driver on this machine's kernel, with groups of its own, and real wrappers. All is removed at the end. */
export class ContractPlace implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "quarterdeck-contract-"));
  readonly changes = new Changes();
  readonly groupName = `quarterdeck-test-${randomBytes(4).toString("hex")}`;
  readonly sliceName = `qdtest${randomBytes(4).toString("hex")}`;
  driver: Driver;
  reason = "";
  readonly #prefer: DriverOptions["prefer"];
  readonly #launcher: WrapperLauncher;
  readonly #used: GroupPath[] = [];

  static async open(wrapper: string, prefer?: DriverOptions["prefer"]): Promise<ContractPlace> {
    const place = new ContractPlace(wrapper, prefer);
    const { driver, reason } = await place.openDriver();
    place.driver = driver;
    place.reason = reason;
    return place;
  }

  private constructor(wrapper: string, prefer: DriverOptions["prefer"]) {
    this.#prefer = prefer;
    this.driver = undefined as never; // Given by `open`.
    mkdirSync(join(this.folder, "files"), { mode: 0o755 });
    this.#launcher = new WrapperLauncher({
      script: wrapper,
      pipeDirectory: this.folder,
      maxPathLength: 200,
      keepIdleMs: 1000,
    });
  }

  /** Opens a driver as one that starts after the one before was killed. */
  openDriver(isRunKnown: DriverOptions["isRunKnown"] = () => true) {
    return openDriver({
      folderOf: () => join(this.folder, "files"),
      userOf: () => null,
      workspaces: this.folder,
      quotaIdsFile: join(this.folder, "quota-ids.json"),
      isRunKnown,
      nowMs: Date.now,
      groupName: this.groupName,
      sliceName: this.sliceName,
      ...(this.#prefer ? { prefer: this.#prefer } : {}),
    });
  }

  /** A project of a workspace that is not used elsewhere. */
  project(): GroupPath & { readonly projectId: NonNullable<GroupPath["projectId"]> } {
    const path = { workspaceId: newId("workspace"), projectId: newId("project") };
    this.#used.push(path);
    return path;
  }

  until<T>(condition: () => T | undefined | false, what: string): Promise<T> {
    return this.changes.until(condition, what, patienceMs);
  }

  async start({ path, script, limits, before, ...more }: StartOptions): Promise<StartedRun> {
    const runId = newId("run");
    const directory = new RunDirectory(join(this.folder, runId));
    const opened = await this.driver.openRun(runId, path, { ...ordinary, ...limits });
    const wrong = opened.evidence.filter(({ state }) => state !== "enforced");
    if (!opened.group || wrong.length > 0) throw new Error(`no limits for ${script}: ${JSON.stringify(wrong)}`);
    const { group } = opened;
    prepareRun(directory, {
      runId,
      program: "/bin/sh",
      args: ["-c", script],
      directory: "/",
      environment: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", [runMarker]: runId },
      timeoutMs: 600_000,
      outputLimitBytes: mebibyte,
      graceMs: 100,
      isSandboxed: false,
      lifeline: null,
      group,
      ...more,
    });
    const directories = groupDirectories(group);
    before?.(directories);
    const { ended } = this.#launcher.launch(directory, {});
    return {
      path,
      runId,
      directory,
      groupDirectories: directories,
      ended: ended.then(() => {
        const result = readResult(directory);
        if (!result) throw new Error(`${script} left no result`);
        return result;
      }),
      output: () => readText(directory.output),
      counter: (file, name) =>
        Number(new RegExp(`^${name} (\\d+)`, "m").exec(readFirst(directories, file) ?? "")?.[1] ?? Number.NaN),
      processes: () => processesOf(directories),
      wrapperPid: () => readMarker(directory)?.pid,
      cancel: () => {
        writeFileSync(directory.cancel, "");
        const pid = readMarker(directory)?.pid;
        if (pid !== undefined) signalProcess(pid, "SIGTERM");
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#launcher.close();
    for (const { workspaceId } of this.#used) {
      await this.driver.thaw({ workspaceId, projectId: null });
      await this.driver.remove({ workspaceId, projectId: null });
    }
    // A driver leaves what holds all groups: it will need it again.
    await removeBase(this.driver.name, { groupName: this.groupName, sliceName: this.sliceName });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // It has written nothing yet.
  }
}

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DataDirectory } from "../data-directory.ts";
import { errorMessage, type Log } from "../log.ts";
import { bridgeVersion } from "../version.ts";
import { watchLifeline } from "../wrapper/lifeline.ts";
import { afterEnd, alreadyRunningExitCode, describeEnd, type NextStep } from "./exit-policy.ts";
import { releaseEntry, removeOtherVersions } from "./install-release.ts";
import {
  confirm,
  newLaunchState,
  prepareStart,
  readLaunchState,
  rollBack,
  switchTo,
  uncountStart,
  writeLaunchState,
  type InstalledRelease,
  type LaunchState,
} from "./launch-state.ts";
import { launcherVariable, toLauncherSchema, type ToBridge } from "./launcher-messages.ts";
import { endOrphan, rememberChild } from "./orphan.ts";

interface LauncherOptions {
  readonly data: DataDirectory;
  readonly log: Log;
  /** What the bridge is started with, whatever its version. */
  readonly args: readonly string[];
  /** The program of the package that this launcher belongs to. */
  readonly ownEntry: string;
  readonly lifeline: string | null;
  /** How long a new version has to show that it works. */
  readonly probationMs: number;
}

/** A bridge that was asked to stop is ended after this: it hands over the last results for 8 s at most. */
const stopGraceMs = 10_000;

/** One bridge process, and what became of it. */
interface Running {
  readonly child: ChildProcess;
  hasSwitched: boolean;
  /** How far it said it came. */
  progress: string;
  /** Why the launcher ended it. */
  verdict: string | null;
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Starts the version of the bridge that is current, again whenever it ends, and goes back to the one before when a new one
 * does not show that it works. It does nothing else, so that it needs no update itself.
 */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #wake = new AbortController();
  #state: LaunchState;
  #running: Running | undefined;
  #isStopping = false;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#state = readLaunchState(options.data) ?? newLaunchState(bridgeVersion);
  }

  /** Until the bridge is to stop. @returns the exit code */
  async run(): Promise<number> {
    const { data, log, lifeline } = this.#options;
    endOrphan(data);
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#stop(signal));
    // The bridge watches it too; here it only says that the end is wanted.
    if (lifeline !== null) watchLifeline(lifeline, () => this.#stop(null));
    let failures = 0;
    for (;;) {
      if (this.#isStopping) return 0;
      const next = await this.#runOnce(failures);
      if (next.kind === "exit") return next.code;
      if (next.kind === "rollBack") {
        log.error("the new version does not work; the one before comes back", {
          version: this.#state.current?.version,
          reason: next.reason,
        });
        this.#save(rollBack(this.#state, { reason: next.reason, atMs: Date.now() }));
        failures = 0;
        continue;
      }
      failures = next.failures;
      if (next.delayMs > 0) await delay(next.delayMs, undefined, { signal: this.#wake.signal }).catch(() => undefined);
    }
  }

  async #runOnce(failures: number): Promise<NextStep> {
    const { data, log, probationMs } = this.#options;
    const prepared = prepareStart(this.#state, {
      packageVersion: bridgeVersion,
      isThere: (release) => existsSync(this.#entryOf(release)),
      nowMs: Date.now(),
    });
    if (prepared !== this.#state) this.#save(prepared);
    const { current, probation } = prepared;
    removeOtherVersions(
      data,
      [current, probation?.previous].flatMap((release) => (release ? [release.version] : [])),
    );
    const isOnProbation = probation !== null;
    log.info("starting the bridge", { version: current?.version ?? bridgeVersion, isOnProbation });
    const startedAt = performance.now();
    const running = this.#start(current);
    const deadline = setTimeout(() => {
      if (this.#state.probation === null || running.hasSwitched) return;
      running.verdict = `It had not shown within ${probationMs / 1000} s that it works. It came as far as: ${running.progress}.`;
      running.child.kill("SIGKILL");
    }, probationMs);
    const end = await ended(running.child);
    clearTimeout(deadline);
    this.#running = undefined;
    const next = afterEnd({
      ...end,
      livedMs: performance.now() - startedAt,
      isStopping: this.#isStopping,
      isOnProbation: this.#state.probation !== null,
      hasSwitched: running.hasSwitched,
      failures,
    });
    if (next.kind === "start" && end.code === alreadyRunningExitCode) this.#save(uncountStart(this.#state));
    if (next.kind === "start" && next.delayMs > 0) log.error("the bridge ended", { how: describeEnd(end) });
    return next.kind === "rollBack" && running.verdict !== null ? { ...next, reason: running.verdict } : next;
  }

  #start(release: InstalledRelease | null): Running {
    const { args, data, ownEntry } = this.#options;
    const entry = release === null ? ownEntry : this.#entryOf(release);
    const child = spawn(process.execPath, [...process.execArgv, entry, ...args], {
      env: { ...process.env, [launcherVariable]: "1" },
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      detached: true, // Ctrl-C reaches the launcher only, which passes it on.
    });
    const running: Running = { child, hasSwitched: false, progress: "its start", verdict: null };
    this.#running = running;
    if (child.pid !== undefined) rememberChild(data, child.pid);
    child.on("message", (raw) => this.#receive(running, raw));
    return running;
  }

  #receive(running: Running, raw: unknown): void {
    const { log } = this.#options;
    const message = toLauncherSchema.safeParse(raw).data;
    if (!message || running.hasSwitched) return;
    const answer = (text: ToBridge) => running.child.connected && running.child.send(text, () => undefined);
    if (message.type === "progress") {
      running.progress = message.text.slice(0, 300);
    } else if (message.type === "healthy") {
      if (this.#state.probation !== null) {
        this.#save(confirm(this.#state));
        log.info("the new version works and stays", { version: this.#state.current?.version });
      }
      answer({ type: "confirmed" });
    } else {
      const { version, manifestHash, runId } = message;
      try {
        if (!existsSync(this.#entryOf({ version, manifestHash })))
          throw new Error(`version ${version} is not unpacked`);
        this.#save(switchTo({ ...this.#state, packageVersion: bridgeVersion }, { version, manifestHash }, runId));
      } catch (error) {
        answer({ type: "notSwitched", reason: errorMessage(error) });
        return;
      }
      running.hasSwitched = true;
      log.info("switching", { version });
      answer({ type: "switched" });
      // It ends by itself; one that does not is not waited for.
      setTimeout(() => running.child.kill("SIGKILL"), stopGraceMs).unref();
    }
  }

  /** The file first: what is not on the disk has not happened. */
  #save(state: LaunchState): void {
    writeLaunchState(this.#options.data, state);
    this.#state = state;
  }

  #stop(signal: NodeJS.Signals | null): void {
    this.#isStopping = true;
    this.#wake.abort();
    const child = this.#running?.child;
    if (signal !== null) child?.kill(signal);
    setTimeout(() => child?.kill("SIGKILL"), stopGraceMs).unref();
  }

  #entryOf(release: InstalledRelease): string {
    return join(this.#options.data.version(release.version), releaseEntry);
  }
}

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => {
      if (child.pid === undefined) resolve({ code: 1, signal: null });
    });
  });
}

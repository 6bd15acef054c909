import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import type { RunDirectory } from "../data-directory.ts";
import { encodeRunRequest, runEnded } from "../wrapper/run-requests.ts";

/** A wrapper that this bridge gave a run. */
export interface LaunchedWrapper {
  /** Resolves when it has done with the run, or its process has ended, however it did. */
  readonly ended: Promise<void>;
}

interface LauncherOptions {
  /** The wrapper's bundle. */
  readonly script: string;
  /** Where a wrapper makes its pipes. */
  readonly pipeDirectory: string;
  /** How long the path of a run's directory may get. */
  readonly maxPathLength: number;
  /** How long wrappers beyond the one that is always ready wait for another run. */
  readonly keepIdleMs: number;
}

interface Wrapper {
  readonly child: ChildProcess;
  isGone: boolean;
  /** What happens when it has done with its run or is gone. */
  onEnd: () => void;
}

const prepareAfterMs = 50;

/**
 * Gives runs to wrappers. A wrapper that has ended a run takes the next one, and at least one waits ready, because starting
 * Node takes longer than most programs run.
 */
export class WrapperLauncher {
  readonly #options: LauncherOptions;
  #idle: Wrapper[] = [];
  #preparing: NodeJS.Timeout | undefined;
  #trimming: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Makes one ready for the next run. */
  prepare(): void {
    if (this.#idle.length === 0 && !this.#isClosed) this.#idle.push(this.#start());
  }

  launch(run: RunDirectory, secretInput: SecretInput): LaunchedWrapper {
    const wrapper = this.#idle.pop() ?? this.#start();
    const ended = new Promise<void>((resolve) => {
      wrapper.onEnd = () => {
        resolve();
        this.#release(wrapper, run);
      };
    });
    wrapper.child.stdin?.write(encodeRunRequest({ path: run.path, secretInput }));
    // The next one gets ready when this run has had its start.
    this.#preparing ??= setTimeout(() => {
      this.#preparing = undefined;
      this.prepare();
    }, prepareAfterMs).unref();
    return { ended };
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#preparing);
    clearTimeout(this.#trimming);
    for (const { child } of this.#idle) child.kill("SIGKILL");
  }

  #start(): Wrapper {
    // The last argument makes room in the process's command line for the path of its run.
    const args = [this.#options.script, this.#options.pipeDirectory, "-".repeat(this.#options.maxPathLength)];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
      cwd: "/",
      env: {},
      detached: true, // It must outlive the bridge.
      stdio: ["pipe", "pipe", "ignore"],
    });
    const wrapper: Wrapper = { child, isGone: false, onEnd: () => undefined };
    const onGone = () => {
      wrapper.isGone = true;
      this.#idle = this.#idle.filter((other) => other !== wrapper);
      wrapper.onEnd();
    };
    child.once("exit", onGone);
    child.once("error", onGone);
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (!said.endsWith(runEnded)) return;
      said = "";
      wrapper.onEnd();
    });
    for (const stream of [child.stdin, child.stdout]) {
      stream.on("error", () => undefined); // Its end is seen by `exit`.
      (stream as Socket).unref();
    }
    child.unref();
    return wrapper;
  }

  #release(wrapper: Wrapper, run: RunDirectory): void {
    wrapper.onEnd = () => undefined;
    if (wrapper.isGone) return;
    // One that was sent a signal gets no other run, which that signal might still reach.
    if (this.#isClosed || existsSync(run.cancel)) wrapper.child.stdin?.end();
    else this.#idle.push(wrapper);
    clearTimeout(this.#trimming);
    this.#trimming = setTimeout(() => this.#trim(), this.#options.keepIdleMs).unref();
  }

  /** Ends all idle wrappers but one. */
  #trim(): void {
    for (const { child } of this.#idle.splice(1)) child.stdin?.end();
  }
}

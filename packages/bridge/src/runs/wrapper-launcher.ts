import { spawn, type ChildProcess } from "node:child_process";
import type { RunDirectory } from "../data-directory.ts";

/** A wrapper that this bridge started. */
export interface LaunchedWrapper {
  /** Resolves when its process has ended, however it did. */
  readonly ended: Promise<void>;
}

interface LauncherOptions {
  /** The wrapper's bundle. */
  readonly script: string;
  /** Where a waiting wrapper makes its pipe. */
  readonly pipeDirectory: string;
  /** How long the path of a run's directory may get. */
  readonly maxPathLength: number;
}

/** Starts wrappers. One waits ready, because starting Node takes longer than most programs run. */
export class WrapperLauncher {
  readonly #options: LauncherOptions;
  #spare: { child: ChildProcess; ended: Promise<void> } | undefined;
  #isClosed = false;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  #start(): { child: ChildProcess; ended: Promise<void> } {
    // The last argument makes room in the process's command line for the path of its run.
    const args = [this.#options.script, "spare", this.#options.pipeDirectory, "-".repeat(this.#options.maxPathLength)];
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
      cwd: "/",
      env: {},
      detached: true, // It must outlive the bridge.
      stdio: ["pipe", "ignore", "ignore"],
    });
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    child.stdin.on("error", () => undefined); // Its end is seen by `ended`.
    child.unref();
    return { child, ended };
  }

  /** Makes one ready for the next run. */
  prepare(): void {
    if (this.#spare || this.#isClosed) return;
    const spare = this.#start();
    this.#spare = spare;
    void spare.ended.then(() => {
      if (this.#spare === spare) this.#spare = undefined;
    });
  }

  launch(run: RunDirectory): LaunchedWrapper {
    const { child, ended } = this.#spare ?? this.#start();
    this.#spare = undefined;
    child.stdin?.end(`${run.path}\n`);
    // The next one gets ready when this run has had its start.
    setTimeout(() => this.prepare(), 50).unref();
    return { ended };
  }

  close(): void {
    this.#isClosed = true;
    this.#spare?.child.kill("SIGKILL");
  }
}

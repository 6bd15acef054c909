import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mebibyte } from "@quarterdeck/core/units";
import { freeBytes } from "../src/disk/disk-space.ts";

/**
 * A file system of a few megabytes that only one test sees: a tmpfs in a mount namespace of its own, which ends with the
 * process that holds it.
 */
export class SmallDisk implements AsyncDisposable {
  /** Where it is for programs that were started with `enter`. */
  readonly path: string;
  readonly #holder: ChildProcess;
  readonly #isRoot = process.getuid?.() === 0;

  private constructor(path: string, holder: ChildProcess) {
    this.path = path;
    this.#holder = holder;
  }

  static async make(megabytes = 64): Promise<SmallDisk> {
    const path = mkdtempSync(join(tmpdir(), "qd-disk-"));
    const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
    const script = `mount -t tmpfs -o size=${megabytes}m,mode=700 none "$0" && echo mounted && exec sleep 3600`;
    const holder = spawn("unshare", [...asRoot, "--mount", "--propagation", "private", "sh", "-c", script, path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (holder.stdout) await once(holder.stdout, "data");
    return new SmallDisk(path, holder);
  }

  /** The start of a command line for whatever is to see it at `path`. */
  get enter(): string[] {
    const user = this.#isRoot ? [] : ["--user", "--preserve-credentials"];
    return ["nsenter", "--target", String(this.#holder.pid), "--mount", ...user, "--"];
  }

  /** Where it is for this process. */
  get outside(): string {
    return `/proc/${this.#holder.pid}/root${this.path}`;
  }

  get #filler(): string {
    return join(this.outside, "filler");
  }

  /** Leaves no byte free, or so many, but takes those that are freed from now on for nothing. */
  fill(leaveBytes = 0): void {
    const descriptor = openSync(this.#filler, "a");
    try {
      for (let size = mebibyte; size >= 1; ) {
        if (leaveBytes > 0 && freeBytes(this.outside) <= leaveBytes) return;
        try {
          if (writeSync(descriptor, Buffer.alloc(size)) < size) size = Math.floor(size / 2);
        } catch {
          size = Math.floor(size / 2);
        }
      }
    } finally {
      closeSync(descriptor);
    }
  }

  /** Gives back what `fill` took. */
  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, "exit");
    this.#holder.kill("SIGKILL");
    await ended;
    rmdirSync(this.path);
  }
}

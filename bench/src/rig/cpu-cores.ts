import { spawnSync } from "node:child_process";
import { cpus } from "node:os";

/** The server side is pinned to one core and the load to another, so that neither takes the other's time. */
export const cores = { server: 0, load: cpus().length > 1 ? 1 : 0 } as const;

/** The command line that runs a program on a core and ends it with this process. */
export function pinned(core: number, command: readonly string[]): readonly string[] {
  return ["setpriv", "--pdeathsig", "KILL", "--", "taskset", "--cpu-list", String(core), ...command];
}

const attempts = 5;

/** Moves this process, with all its threads, to a core. taskset fails where one of the threads ends before it comes to it. */
export function pinThisProcess(core: number): void {
  for (let attempt = 1; ; attempt++) {
    const moved = spawnSync("taskset", ["--all-tasks", "--cpu-list", "--pid", String(core), String(process.pid)], {
      encoding: "utf8",
    });
    if (moved.status === 0) return;
    if (attempt === attempts) throw new Error(`this process cannot be pinned: ${moved.error?.message ?? moved.stderr}`);
  }
}

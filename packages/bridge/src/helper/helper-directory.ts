import { chmodSync, chownSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { DataDirectory } from "../data-directory.ts";

/** Where the helper keeps its files. The daemon's group may read those of runs, and nothing else. */
export class HelperDirectory {
  readonly data: DataDirectory;

  private constructor(data: DataDirectory) {
    this.data = data;
  }

  /** @param gid the group of the daemon's user; null where the daemon has the helper's own user */
  static open(path: string, gid: number | null): HelperDirectory {
    mkdirSync(path, { recursive: true, mode: 0o750 });
    const data = new DataDirectory(realpathSync(path));
    for (const folder of [data.path, data.runs]) {
      mkdirSync(folder, { recursive: true });
      if (gid !== null) chownSync(folder, -1, gid);
    }
    chmodSync(data.path, 0o750);
    // What is made in here belongs to the group.
    chmodSync(data.runs, 0o2750);
    const directory = new HelperDirectory(data);
    for (const folder of [data.workspaces, directory.#own]) {
      mkdirSync(folder, { recursive: true });
      chmodSync(folder, 0o700);
    }
    return directory;
  }

  get #own(): string {
    return join(this.data.path, "own");
  }
  get trustFile(): string {
    return join(this.#own, "trust.json");
  }
  get lockFile(): string {
    return join(this.#own, "lock.db");
  }
  /** Which runs were there. */
  get memoryFile(): string {
    return join(this.#own, "runs.db");
  }
}

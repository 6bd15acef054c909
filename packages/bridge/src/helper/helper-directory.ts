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
    mkdirSync(data.workspaces, { recursive: true });
    chmodSync(data.workspaces, 0o700);
    return new HelperDirectory(data);
  }

  get trustFile(): string {
    return join(this.data.path, "trust.json");
  }
  /** Which runs were there. */
  get memoryFile(): string {
    return join(this.data.path, "runs.db");
  }
}

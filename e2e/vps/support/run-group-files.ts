import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { quoted } from "./run-in-server.ts";
import type { TestServer } from "./test-server.ts";

interface GroupIds {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId | null;
  readonly runId: RunId;
}

/** What the kernel of the test server says of a run of a project or workspace, and of the groups that it is in. */
export class RunGroupFiles {
  readonly #server: TestServer;
  readonly #workspace: string;
  readonly #project: string;
  /** The run's group. */
  readonly directory: string;

  constructor(server: TestServer, { workspaceId, projectId, runId }: GroupIds) {
    this.#server = server;
    this.#workspace = `/sys/fs/cgroup/qd.slice/qd-${workspaceId}.slice`;
    this.#project = projectId === null ? this.#workspace : `${this.#workspace}/qd-${workspaceId}-${projectId}.slice`;
    this.directory = `${this.#project}/qd-runs-${projectId ?? workspaceId}.service/${runId}`;
  }

  workspace(files: readonly string[]): Promise<string[]> {
    return this.#read(this.#workspace, files);
  }

  project(files: readonly string[]): Promise<string[]> {
    return this.#read(this.#project, files);
  }

  run(files: readonly string[]): Promise<string[]> {
    return this.#read(this.directory, files);
  }

  /** Whether the group of the run is there. */
  async isThere(): Promise<boolean> {
    return (await this.#server.run(`test -d ${quoted(this.directory)}`)).exitCode === 0;
  }

  async #read(folder: string, files: readonly string[]): Promise<string[]> {
    const commands = files.map((file) => `cat ${quoted(`${folder}/${file}`)} && echo --`);
    return (await this.#server.sh(commands.join(" && ")))
      .split("--\n")
      .slice(0, -1)
      .map((text) => text.trim());
  }
}

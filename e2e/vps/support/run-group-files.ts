import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { quoted } from "./run-in-server.ts";
import type { TestServer } from "./test-server.ts";

interface GroupIds {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
  readonly runId: RunId;
}

/** What the kernel of the test server says of a run of a project, and of the groups that it is in. */
export class RunGroupFiles {
  readonly #server: TestServer;
  readonly #workspace: string;
  readonly #project: string;
  readonly #run: string;

  constructor(server: TestServer, { workspaceId, projectId, runId }: GroupIds) {
    this.#server = server;
    this.#workspace = `/sys/fs/cgroup/qd.slice/qd-${workspaceId}.slice`;
    this.#project = `${this.#workspace}/qd-${workspaceId}-${projectId}.slice`;
    this.#run = `${this.#project}/qd-runs-${projectId}.service/${runId}`;
  }

  workspace(files: readonly string[]): Promise<string[]> {
    return this.#read(this.#workspace, files);
  }

  project(files: readonly string[]): Promise<string[]> {
    return this.#read(this.#project, files);
  }

  run(files: readonly string[]): Promise<string[]> {
    return this.#read(this.#run, files);
  }

  /** Whether the group of the run is there. */
  async isThere(): Promise<boolean> {
    return (await this.#server.run(`test -d ${quoted(this.#run)}`)).exitCode === 0;
  }

  async #read(folder: string, files: readonly string[]): Promise<string[]> {
    const commands = files.map((file) => `cat ${quoted(`${folder}/${file}`)} && echo --`);
    return (await this.#server.sh(commands.join(" && ")))
      .split("--\n")
      .slice(0, -1)
      .map((text) => text.trim());
  }
}

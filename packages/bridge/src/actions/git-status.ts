import { writeFileSync } from "node:fs";
import { runFileMode } from "../data-directory.ts";
import { refused, succeeded, type OwnAction } from "./action-context.ts";
import { readGit } from "./git-call.ts";
import { missingProject, projectDirectory } from "./project-directory.ts";
import { GitReadFailed, readRepositoryState } from "./repository-state.ts";

export const gitStatus: OwnAction = {
  kind: "own",
  async run(command, context, own) {
    const directory = projectDirectory(command, context);
    if (!directory) return refused(missingProject);
    const options = { directory, signal: own.signal };
    const [repository, status] = await Promise.all([
      readRepositoryState(command, context, options),
      readGit(command, context, {
        ...options,
        args: ["status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all"],
      }),
    ]);
    if (status.exitCode !== 0) throw new GitReadFailed(status.errors);
    const changedFiles = status.output.split("\0").filter((entry) => entry !== "").length;
    writeFileSync(own.directory.output, JSON.stringify({ ...repository, isClean: changedFiles === 0, changedFiles }), {
      mode: runFileMode,
    });
    return { ...succeeded, repository };
  },
};

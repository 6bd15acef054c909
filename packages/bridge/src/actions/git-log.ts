import { writeFileSync } from "node:fs";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { runFileMode } from "../data-directory.ts";
import { refused, succeeded, type OwnAction } from "./action-context.ts";
import { missingProject, projectDirectory } from "./project-directory.ts";
import { readCommits } from "./repository-state.ts";

export const gitLog: OwnAction = {
  kind: "own",
  async run(command, context, own) {
    const directory = projectDirectory(command, context);
    if (!directory) return refused(missingProject);
    const { limit } = actions["git.log"].params.parse(command.params);
    const commits = await readCommits(command, context, { directory, limit, signal: own.signal });
    writeFileSync(own.directory.output, JSON.stringify({ commits }), { mode: runFileMode });
    return succeeded;
  },
};

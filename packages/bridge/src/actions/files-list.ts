import { writeFileSync } from "node:fs";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { mebibyte, secondMs } from "@quarterdeck/core/units";
import { runFileMode } from "../data-directory.ts";
import { runCall } from "../drivers/run-call.ts";
import {
  failed,
  refused,
  succeeded,
  type ActionContext,
  type OwnAction,
  type OwnRun,
  type WorkspaceCommand,
} from "./action-context.ts";
import { listDirectory } from "./list-directory.ts";
import { ownProgram } from "./own-program.ts";
import { missingProject, projectDirectory } from "./project-directory.ts";
import { runEnvironment } from "./run-environment.ts";
import { readingPlace } from "./sandbox-place.ts";

const writeListing = 'process.stdout.write(JSON.stringify(listDirectory(...process.argv.slice(1))) ?? "");';
const answerLimits = { timeoutMs: 30 * secondMs, outputBytes: 8 * mebibyte };

export const filesList: OwnAction = {
  kind: "own",
  async run(command, context, own) {
    const directory = projectDirectory(command, context);
    if (!directory) return refused(missingProject);
    const { path } = actions["files.list"].params.parse(command.params);
    const listing =
      context.users === null
        ? JSON.stringify(listDirectory(directory, path))
        : await listAsUser({ directory, path }, { command, context, own });
    if (listing === undefined)
      return failed("NOT_FOUND", `There is no directory ${path === "" ? "/" : path.slice(0, 200)} in the project.`);
    const answer = JSON.stringify({ path, ...(JSON.parse(listing) as object) });
    writeFileSync(own.directory.output, answer, { mode: runFileMode });
    return succeeded;
  },
};

interface Surroundings {
  readonly command: WorkspaceCommand;
  readonly context: ActionContext;
  readonly own: OwnRun;
}

/** The same function in the sandbox, as the workspace's user: whoever may change the directory gets nobody else to follow a link. */
async function listAsUser(
  { directory, path }: { readonly directory: string; readonly path: string },
  { command, context, own }: Surroundings,
): Promise<string | undefined> {
  const call = {
    program: process.execPath,
    args: [...ownProgram("list-directory", writeListing), directory, path],
    directory,
    environment: runEnvironment(command, context),
  };
  const wrapped = context.sandbox.wrap(call, readingPlace(command, context, [directory]));
  const { exitCode, output, errors } = await runCall(wrapped, { ...answerLimits, signal: own.signal });
  if (exitCode !== 0) throw new Error(`the directory could not be listed: ${errors.slice(-500)}`);
  return output === "" ? undefined : output;
}

import { actions } from "@quarterdeck/core/actions/catalogue";
import { findProgram } from "../drivers/search-path.ts";
import { refused, type ProgramAction } from "./action-context.ts";
import { isPlainDirectory } from "./plain-directory.ts";
import { missingProject } from "./project-directory.ts";
import { programSettings } from "./program-settings.ts";
import { runEnvironment } from "./run-environment.ts";
import { makeWorkspace, runPlace } from "./sandbox-place.ts";

export const exec: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const { program, args, input = false } = actions.exec.params.parse(command.params);
    const workspace = context.data.workspace(command.workspaceId);
    makeWorkspace(command, context);
    const directory = command.projectId === null ? workspace.scratch : workspace.project(command.projectId);
    if (!isPlainDirectory(directory)) return { kind: "done", completion: refused(missingProject) };
    const path = findProgram(program, context.folders);
    if (!path) {
      const message = `${program} is not installed on this server, or not on the bridge's PATH.`;
      return { kind: "done", completion: refused({ code: "NOT_FOUND", message }) };
    }
    const environment = { ...runEnvironment(command, context), ...programSettings(command) };
    const call = { program: path, args, directory, environment };
    return {
      kind: "program",
      call: { ...context.sandbox.wrap(call, runPlace(command, context, [directory])), takesInput: input },
    };
  },
  async complete(_command, _context, end) {
    return end.completion;
  },
};

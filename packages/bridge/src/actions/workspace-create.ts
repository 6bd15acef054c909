import { fsyncDirectory } from "../durable-file.ts";
import { succeeded, type OwnAction } from "./action-context.ts";
import { makeWorkspace } from "./plain-directory.ts";

export const workspaceCreate: OwnAction = {
  kind: "own",
  async run(command, { data, userOf }) {
    const workspace = data.workspace(command.workspaceId);
    makeWorkspace(workspace, userOf(command.workspaceId));
    fsyncDirectory(workspace.path);
    fsyncDirectory(data.workspaces);
    return succeeded;
  },
};

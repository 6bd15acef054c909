import { fsyncDirectory } from "../durable-file.ts";
import { succeeded, type OwnAction } from "./action-context.ts";
import { makeWorkspace } from "./sandbox-place.ts";

export const workspaceCreate: OwnAction = {
  kind: "own",
  async run(command, context) {
    const { data } = context;
    const workspace = data.workspace(command.workspaceId);
    makeWorkspace(command, context);
    fsyncDirectory(workspace.path);
    fsyncDirectory(data.workspaces);
    return succeeded;
  },
};

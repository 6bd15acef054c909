import { existsSync, renameSync } from "node:fs";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { parseGitUrl } from "@quarterdeck/core/actions/git-url";
import type { ProjectId } from "@quarterdeck/core/ids";
import { fsyncDirectory } from "../durable-file.ts";
import {
  failed,
  refused,
  type ActionContext,
  type Completion,
  type ProgramAction,
  type WorkspaceCommand,
} from "./action-context.ts";
import { gitCall, originUrl } from "./git-call.ts";
import { gitFailed } from "./git-failure.ts";
import { isPlainDirectory } from "./plain-directory.ts";
import { removeTree } from "./remove-tree.ts";
import { readRepositoryState } from "./repository-state.ts";
import { makeProjectFolder, makeWorkspace } from "./sandbox-place.ts";

/** git clones into a folder beside the project's, which gets its name when it is complete: a failed clone leaves nothing. */
export const projectClone: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const { url, branch } = actions["project.clone"].params.parse(command.params);
    const parsed = parseGitUrl(url, { allowLoopbackHttp: true });
    if (!parsed.ok) return { kind: "done", completion: refused(parsed.error) };
    const workspace = context.data.workspace(command.workspaceId);
    makeWorkspace(command, context);
    const target = workspace.project(command.projectId as ProjectId);
    if (existsSync(target))
      return { kind: "done", completion: await describeExisting(command, context, { target, url }) };
    const unfinished = workspace.unfinishedClone(command.runId);
    await removeTree(unfinished, command, context);
    makeProjectFolder(command, context, unfinished);
    const options = [
      "--no-recurse-submodules",
      "--template=",
      "--origin=origin",
      ...(branch === undefined ? [] : [`--branch=${branch}`]),
    ];
    const call = gitCall(command, context, {
      args: ["clone", ...options, "--", parsed.value, unfinished],
      directory: unfinished,
      remoteUrl: parsed.value,
    });
    return call.ok ? { kind: "program", call: call.value } : { kind: "done", completion: refused(call.error) };
  },
  async complete(command, context, end) {
    const workspace = context.data.workspace(command.workspaceId);
    const unfinished = workspace.unfinishedClone(command.runId);
    const target = workspace.project(command.projectId as ProjectId);
    if (end.completion.verdict !== "succeeded") {
      await removeTree(unfinished, command, context);
      if (end.completion.verdict !== "failed") return end.completion;
      return gitFailed(end.tail);
    }
    if (!isPlainDirectory(target)) {
      if (!isPlainDirectory(unfinished))
        return failed("GIT_FAILED", "The cloned files disappeared before they could be put in place.");
      renameSync(unfinished, target);
      fsyncDirectory(workspace.projects);
    }
    return { ...end.completion, repository: await readRepositoryState(command, context, { directory: target }) };
  },
  abandon(command, context) {
    return removeTree(context.data.workspace(command.workspaceId).unfinishedClone(command.runId), command, context);
  },
};

async function describeExisting(
  command: WorkspaceCommand,
  context: ActionContext,
  { target, url }: { target: string; url: string },
): Promise<Completion> {
  const origin = isPlainDirectory(target) ? await originUrl(command, context, target) : undefined;
  if (!origin?.ok || origin.value !== url)
    return refused({ code: "CONFLICT", message: "The project's folder on this server already holds something else." });
  const repository = await readRepositoryState(command, context, { directory: target });
  return { verdict: "succeeded", code: null, message: "It was cloned before.", repository };
}

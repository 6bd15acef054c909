import { refused, type ProgramAction } from "./action-context.ts";
import { gitCall, originUrl } from "./git-call.ts";
import { gitFailed } from "./git-failure.ts";
import { missingProject, projectDirectory } from "./project-directory.ts";
import { readRepositoryState } from "./repository-state.ts";

export const gitPull: ProgramAction = {
  kind: "program",
  async launch(command, context) {
    const directory = projectDirectory(command, context);
    if (!directory) return { kind: "done", completion: refused(missingProject) };
    const origin = await originUrl(command, context, directory);
    if (!origin.ok) return { kind: "done", completion: refused(origin.error) };
    const forbidden = context.policy.judgeRepository(origin.value);
    if (forbidden) return { kind: "done", completion: refused(forbidden) };
    const args = ["pull", "--ff-only", "--no-rebase", "--no-recurse-submodules"];
    const call = gitCall(command, context, { args, directory, remoteUrl: origin.value });
    return call.ok ? { kind: "program", call: call.value } : { kind: "done", completion: refused(call.error) };
  },
  async complete(command, context, end) {
    if (end.completion.verdict === "failed") return gitFailed(end.tail);
    const directory = projectDirectory(command, context);
    if (end.completion.verdict !== "succeeded" || !directory) return end.completion;
    return { ...end.completion, repository: await readRepositoryState(command, context, { directory }) };
  },
};

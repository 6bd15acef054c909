import { parseGitUrl } from "@quarterdeck/core/actions/git-url";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { ProgramCall } from "../drivers/program-call.ts";
import { runCall } from "../drivers/run-call.ts";
import { findProgram } from "../drivers/search-path.ts";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";
import { runEnvironment } from "./run-environment.ts";
import { readingPlace, runPlace } from "./sandbox-place.ts";

interface GitCallOptions {
  readonly args: readonly string[];
  readonly directory: string;
  /** The remote that this call may talk to; `undefined` for none at all. */
  readonly remoteUrl?: string;
}

const readTimeoutMs = 30_000;
const readLimitBytes = 32 * 1024 * 1024;

/** Which transports git may use for a remote. Anything else, as `ext::` or `file://`, runs programs or reads files. */
function allowedProtocols(remoteUrl: string | undefined): string {
  if (remoteUrl === undefined) return "";
  return remoteUrl.startsWith("http://127.0.0.1") ? "http" : "https:ssh";
}

/**
 * A call of git that asks nothing, reads no configuration but the repository's own, and runs no hooks. It is in the
 * sandbox even to read: a repository's configuration can name programs.
 */
export function gitCall(
  command: WorkspaceCommand,
  context: ActionContext,
  options: GitCallOptions,
): Result<ProgramCall> {
  const git = findProgram("git", context.folders);
  if (!git)
    return refuse("NOT_FOUND", "git is not installed on this server. Install it (Debian, Ubuntu: apt install git).");
  const settings = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "credential.helper=",
    "submodule.recurse=false",
  ];
  const call: ProgramCall = {
    program: git,
    args: [...settings.flatMap((setting) => ["-c", setting]), "--no-pager", ...options.args],
    directory: options.directory,
    environment: {
      ...runEnvironment(command, context),
      GIT_ALLOW_PROTOCOL: allowedProtocols(options.remoteUrl),
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_TERMINAL_PROMPT: "0",
      GIT_ASKPASS: "true",
      SSH_ASKPASS: "true",
      GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
      GIT_OPTIONAL_LOCKS: "0",
    },
  };
  const place = options.remoteUrl === undefined ? readingPlace : runPlace;
  return accept(context.sandbox.wrap(call, place(command, context, [options.directory])));
}

export interface GitAnswer {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs git to its end and returns what it wrote: for short reads only. */
export async function readGit(
  command: WorkspaceCommand,
  context: ActionContext,
  options: GitCallOptions & { signal?: AbortSignal },
): Promise<GitAnswer> {
  const call = gitCall(command, context, options);
  if (!call.ok) return { exitCode: -1, output: "", errors: call.error.message };
  const { exitCode, output, errors } = await runCall(call.value, {
    timeoutMs: readTimeoutMs,
    outputBytes: readLimitBytes,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  return { exitCode: exitCode ?? -1, output, errors };
}

/** The address of the repository's origin, checked again: a run may have changed it since the clone. */
export async function originUrl(
  command: WorkspaceCommand,
  context: ActionContext,
  directory: string,
): Promise<Result<string>> {
  const answer = await readGit(command, context, {
    args: ["config", "--local", "--get", "remote.origin.url"],
    directory,
  });
  if (answer.exitCode !== 0) return refuse("GIT_FAILED", "The repository has no remote called origin.");
  return parseGitUrl(answer.output.trim(), { allowLoopbackHttp: true });
}

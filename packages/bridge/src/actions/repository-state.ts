import type { ActionContext, WorkspaceCommand } from "./action-context.ts";
import { readGit } from "./git-call.ts";

/** Fields of a commit, separated by a character that git removes from each of them. */
const commitFormat = "%H%x1f%s%x1f%an%x1f%ct";

export interface Commit {
  readonly hash: string;
  readonly subject: string;
  readonly author: string;
  readonly committedAtMs: number;
}

function parseCommit(line: string): Commit {
  const [hash = "", subject = "", author = "", seconds = "0"] = line.split("\x1f");
  return { hash, subject: subject.slice(0, 500), author: author.slice(0, 200), committedAtMs: Number(seconds) * 1000 };
}

/** What a repository has checked out. */
export interface RepositoryReading {
  readonly branch: string | null;
  readonly head: Commit | null;
}

interface ReadOptions {
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/** The newest commits of the checked out branch; none in a repository without commits. */
export async function readCommits(
  command: WorkspaceCommand,
  context: ActionContext,
  options: ReadOptions & { limit: number },
): Promise<Commit[]> {
  const args = [
    "log",
    "-z",
    "-n",
    String(options.limit),
    `--format=${commitFormat}`,
    "--no-show-signature",
    "HEAD",
    "--",
  ];
  const answer = await readGit(command, context, { ...options, args });
  if (answer.exitCode !== 0) {
    if (/unknown revision|bad revision|does not have any commits|ambiguous argument 'HEAD'/i.test(answer.errors))
      return [];
    throw new GitReadFailed(answer.errors);
  }
  return answer.output
    .split("\0")
    .filter((line) => line !== "")
    .map(parseCommit);
}

/** The checked out branch; `null` when none is. */
export async function readBranch(
  command: WorkspaceCommand,
  context: ActionContext,
  options: ReadOptions,
): Promise<string | null> {
  const answer = await readGit(command, context, { ...options, args: ["symbolic-ref", "--short", "-q", "HEAD"] });
  if (answer.exitCode === 0) return answer.output.trim().slice(0, 255);
  if (answer.exitCode === 1) return null;
  throw new GitReadFailed(answer.errors);
}

export class GitReadFailed extends Error {
  override readonly name = "GitReadFailed";
}

export async function readRepositoryState(
  command: WorkspaceCommand,
  context: ActionContext,
  options: ReadOptions,
): Promise<RepositoryReading> {
  const [branch, [head]] = await Promise.all([
    readBranch(command, context, options),
    readCommits(command, context, { ...options, limit: 1 }),
  ]);
  return { branch, head: head ?? null };
}

import { failed, type Completion } from "./action-context.ts";

const explanations: readonly (readonly [RegExp, string])[] = [
  [
    /repository '[^']*' not found|does not appear to be a git repository|repository not found|returned error: 404/i,
    "The repository does not exist, or is private. Check its address; a private one needs access that this server does not have.",
  ],
  [
    /could not read (username|password)|authentication failed|terminal prompts disabled|permission denied \(|returned error: 40[13]|invalid username or/i,
    "The repository asks for a password or key that this server does not have.",
  ],
  [
    /host key verification failed/i,
    "This server does not know the git host's key. Connect to it once with ssh as the bridge's user.",
  ],
  [
    /could not resolve host|name or service not known|temporary failure in name resolution/i,
    "The git host cannot be found. Check the address and this server's DNS.",
  ],
  [
    /connection refused|failed to connect|could not connect|connection timed out|network is unreachable|no route to host|operation timed out/i,
    "The git host cannot be reached from this server.",
  ],
  [/remote branch .* not found/i, "The repository has no branch of that name."],
  [
    /not possible to fast-forward|diverging branches|have diverged/i,
    "The project has commits that its remote does not have, so it cannot simply be brought forward.",
  ],
  [
    /local changes .* would be overwritten|untracked working tree files would be overwritten/i,
    "Changed files in the project would be overwritten. Commit or discard them first.",
  ],
  [
    /there is no tracking information|not currently on a branch|no such ref was fetched/i,
    "The project's branch follows no branch of its remote.",
  ],
  [/transport '[^']*' not allowed/i, "The repository's address uses a kind of connection that is not allowed here."],
  [/no space left on device|disk quota exceeded/i, "The server's disk is full."],
  [/ssl|certificate/i, "The git host's certificate is not trusted by this server."],
];

/** Ends an action as failed because git did: says in a sentence why, and quotes git's own last words. */
export function gitFailed(output: string): Completion {
  const known = explanations.find(([pattern]) => pattern.test(output));
  const lines = output
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const words = (lines.findLast((line) => /^(fatal|error):/i.test(line)) ?? lines.at(-1) ?? "").slice(0, 500);
  const message = known?.[1] ?? (words === "" ? "git failed without saying why." : "git failed.");
  return failed("GIT_FAILED", message, words);
}

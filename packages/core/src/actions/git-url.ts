import { accept, refuse, type Result } from "../errors/result.ts";

/** Where a git remote may be: `allowLoopbackHttp` is for the embedded mode, whose git server may be on this machine. */
export interface GitUrlRules {
  readonly allowLoopbackHttp: boolean;
}

const scpLike = /^([A-Za-z0-9_][A-Za-z0-9_.-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)([^\s\0-][^\s\0]*)$/;

/**
 * Decides whether a text may be handed to git as a remote: `https://…`, `ssh://…` or `user@host:path`, with no password
 * in it. Everything else (`ext::`, `file://`, options, local paths) is refused.
 *
 * @returns the URL as git will get it, or `INVALID_GIT_URL` with what to do
 */
export function parseGitUrl(text: string, rules: GitUrlRules): Result<string> {
  const invalid = (message: string) => refuse("INVALID_GIT_URL", message);
  if (text.length > 2048) return invalid("The address is longer than 2,048 characters.");
  // oxlint-disable-next-line no-control-regex -- control characters are what must not pass
  if (/[\s\u0000-\u001f\u007f]/.test(text))
    return invalid("The address contains a space or a control character; remove it.");
  if (scpLike.test(text)) return accept(text);
  const wanted = "Use an address that starts with https:// or ssh://, or looks like git@host:owner/name.git.";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return invalid(`This is not the address of a git repository. ${wanted}`);
  }
  const isLoopbackHttp = url.protocol === "http:" && url.hostname === "127.0.0.1" && rules.allowLoopbackHttp;
  if (url.protocol !== "https:" && url.protocol !== "ssh:" && !isLoopbackHttp) {
    return invalid(`Addresses of the kind ${url.protocol}// are not allowed. ${wanted}`);
  }
  if (!text.startsWith(`${url.protocol}//`)) return invalid(`This is not the address of a git repository. ${wanted}`);
  if (url.password !== "" || (url.username !== "" && url.protocol !== "ssh:")) {
    return invalid("The address contains a user name or password, which would be stored with the project. Remove it.");
  }
  if (url.username.startsWith("-") || url.hostname === "" || url.hostname.startsWith("-")) {
    return invalid(`The address names no host that git may reach. ${wanted}`);
  }
  if (url.pathname === "" || url.pathname === "/") return invalid("The address names a host but no repository on it.");
  return accept(text);
}

/** The host that git reaches at an address that `parseGitUrl` accepted; null for any other text. */
export function gitUrlHost(url: string): string | null {
  const host = scpLike.exec(url)?.[2] ?? (URL.canParse(url) ? new URL(url).hostname : "");
  return host === "" ? null : host.toLowerCase();
}

import { parseGitUrl } from "../actions/git-url.ts";
import type { ValueRule } from "./argument-rules.ts";

const outside = "it points outside of the project. Use a path below the folder that the program runs in";

/** A path in the folder where the program runs, or below it. */
export const insidePath: ValueRule = (value) => {
  const path = value.replace(/^file:/i, "");
  const leaves = /^[/~]/.test(path) || path.split(/[/\\]/).includes("..");
  return leaves ? outside : null;
};

/** The name of a module or package, or a path in the project: nothing that is fetched, and nothing from elsewhere. */
export const ownModule: ValueRule = (value) => {
  if (/^(data|https?|blob):/i.test(value)) return "it loads code from somewhere else than the project";
  return insidePath(value);
};

export const httpsAddress: ValueRule = (value) =>
  /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?(\/|$))/i.test(value)
    ? null
    : "packages come only from addresses that start with https://, or from this machine";

const remoteSchemes = ["https", "git+https", "git+ssh", "ssh"];

/** A package to install: a name, or where it is, which is the project or a server that proves who it is. */
export const packageSource: ValueRule = (value) => {
  const scheme = /(?:^|[@\s])([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "file" && !remoteSchemes.includes(scheme))
    return "packages come from https or ssh, or from the project";
  if (/(?:^|@)exec:/i.test(value)) return "it runs a program to make the package";
  if (value.includes("::")) return "it names a program that fetches it";
  if (scheme !== undefined && scheme !== "file") return null;
  const path = /(?:^|[@\s])(?:file|link|portal):(.*)$/i.exec(value)?.[1];
  return insidePath(path ?? value);
};

/** A remote of git: a name, an address that git may be given (as for a clone), or a repository in the project. */
export const gitRemote: ValueRule = (value) => {
  if (value.startsWith("-")) return "it starts with a dash, so that git could take it for an option";
  if (value.includes("::")) return "it names a program that fetches it (ext:: and the like)";
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value)) {
    const parsed = parseGitUrl(value, { allowLoopbackHttp: true });
    return parsed.ok ? null : lowerFirst(parsed.error.message.replace(/\.$/, ""));
  }
  return insidePath(value);
};

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

import { isDeepStrictEqual } from "node:util";
import { parseGitUrl } from "@quarterdeck/core/actions/git-url";
import { nameSchema } from "@quarterdeck/core/actions/names";
import { networkHostSchema } from "@quarterdeck/core/actions/network-host";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { parseArguments, formatArguments } from "../../../apps/web/src/features/programs/argument-parser.ts";
import { parseSgr, plain } from "../../../apps/web/src/features/log/sgr.ts";
import { parseCommandLine, UsageError } from "../../../packages/bridge/src/commands/options.ts";
import { readOptions, UsageError as StartUsageError } from "../../../apps/api/src/embedded/options.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const gitUrl: FuzzTarget = {
  name: "git-url",
  grammar: "text",
  check(text) {
    const parsed = parseGitUrl(text, { allowLoopbackHttp: false });
    if (!parsed.ok) return mustHold(parsed.error.code === "INVALID_GIT_URL", `refused with ${parsed.error.code}`);
    const url = parsed.value;
    mustHold(url === text, "git would get another address than was checked");
    mustHold(!/^-|\s|\0/.test(url), "git would take the address for an option");
    mustHold(/^(https|ssh):\/\/[^-]|^[A-Za-z0-9_][^@]*@[^-]/.test(url), "git would use another transport");
  },
};

const gitBranch: FuzzTarget = {
  name: "git-branch",
  grammar: "text",
  check(branch) {
    const parsed = actions["project.clone"].params.safeParse({ url: "https://example.org/a.git", branch });
    if (parsed.success) mustHold(!/^-|\.\.|[\s\0~^:?*[\\]/.test(branch), "git would not take that for a branch");
  },
};

const name: FuzzTarget = {
  name: "name",
  grammar: "text",
  check(text) {
    const parsed = nameSchema.safeParse(text);
    if (!parsed.success) return;
    mustHold(nameSchema.parse(parsed.data) === parsed.data, "a name changes each time it is read");
    mustHold(!/[\p{Cc}/\\]/u.test(parsed.data), "a name holds what is no name");
  },
};

const networkHost: FuzzTarget = {
  name: "network-host",
  grammar: "text",
  check(text) {
    const parsed = networkHostSchema.safeParse(text);
    if (!parsed.success) return;
    const host = parsed.data;
    mustHold(networkHostSchema.parse(host) === host, "a host changes each time it is read");
    mustHold(new URL(`https://${host}/`).hostname === host, "a browser would read another host");
    mustHold(!/^[\d.]+$|^\[|localhost$/.test(host), "a host is an address, or this machine");
  },
};

const programArguments: FuzzTarget = {
  name: "program-arguments",
  grammar: "text",
  check(line) {
    const parsed = parseArguments(line);
    if (!parsed.ok) return;
    const again = parseArguments(formatArguments(parsed.args));
    mustHold(
      again.ok && isDeepStrictEqual(again.args, parsed.args),
      "arguments did not come back as they were written",
    );
  },
};

/** The command lines of the bridge and of `npm start`; arguments are separated by line breaks. */
const commandLines: FuzzTarget = {
  name: "command-lines",
  grammar: "text",
  check(text) {
    const args = text.split("\n");
    for (const read of [() => parseCommandLine(args), () => readOptions(args, {})]) {
      try {
        read();
      } catch (error) {
        if (!(error instanceof UsageError) && !(error instanceof StartUsageError)) throw error;
      }
    }
  },
};

const logText: FuzzTarget = {
  name: "log-text",
  grammar: "text",
  check(line) {
    const { parts, endsWith } = parseSgr(line, plain);
    const shown = parts.map((part) => part.text).join("");
    mustHold(shown.length <= line.length, "text appeared from nowhere");
    // oxlint-disable-next-line no-control-regex -- control characters are what must not come through
    mustHold(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(shown), "a control character came through");
    const colors = [...parts.map(({ style }) => style), endsWith].flatMap((style) => [style.color, style.background]);
    const isColor = (color: string) => /^var\(--ansi-[0-7]\)$|^rgb\(\d{1,3} \d{1,3} \d{1,3}\)$/.test(color);
    mustHold(
      colors.every((color) => color === null || isColor(color)),
      "a colour is more than a colour",
    );
  },
};

/** What people type or paste, and what programs print. */
export const typedTextTargets: readonly FuzzTarget[] = [
  gitUrl,
  gitBranch,
  networkHost,
  name,
  programArguments,
  commandLines,
  logText,
];

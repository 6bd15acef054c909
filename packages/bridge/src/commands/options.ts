import { parseArgs } from "node:util";
import { errorMessage } from "../log.ts";

export const usage = `usage: quarterdeck-bridge <command> [options]

  connect   connect this server to a platform (once), then run in the foreground
  enrol     connect this server to a platform, and stop
  run       run the bridge of a connected server
  status    show whether the bridge runs and is connected
  isolation say whether runs would be kept from the bridge's files
  doctor    check what the bridge needs on this machine
  helper    do as root what the platform signed, for a bridge that is not root (--data, --socket, --group)
  helper init  have the helper obey the platform of a bridge, once (--from, --data, --group)
  policy check [FILE]  say whether a policy file is in order, and what it forbids

options
  --url URL              the platform's address                          (connect, enrol)
  --token TOKEN          the single-use token that the console shows     (connect, enrol; or QUARTERDECK_ENROL_TOKEN)
  --platform-key FPR     the platform's fingerprint, SHA256:…            (connect, enrol)
  --name NAME            what to call this server                        (connect, enrol)
  --allow-address URL    an http:// address that may be used unencrypted (connect, enrol; for test servers only)
  --relay-url URL        where to connect to, instead of the address learnt at enrolment (run)
  --data DIR             where the bridge keeps its files
  --hide DIR             a further directory that runs must not see      (connect, run, isolation; may be repeated)
  --helper SOCKET        the helper that starts the runs; without, the bridge does it itself (connect, run)
  --helper-data DIR      where that helper keeps its files               (connect, run)
  --socket PATH          where the helper listens                        (helper)
  --group NAME           who may talk to the helper and read what runs wrote (helper, helper init)
  --trust FILE           whom the helper obeys, if not in its --data     (helper, helper init)
  --from DIR             the directory of the bridge                     (helper init)
  --policy FILE          the policy of this server's owner, instead of /etc/quarterdeck/policy.toml
                         (connect, run, doctor; or QUARTERDECK_POLICY)
  --lifeline FIFO        end all runs when this pipe ends                (connect, run)
  --consent-no-isolation run programs although they can read the bridge's own files (connect, run)
  --version, --help

environment
  HTTPS_PROXY, NO_PROXY  the proxy through which the platform and its relay are reached, and the names that are not;
                         this machine itself is never reached through one
`;

export const defaultHelperData = "/var/lib/quarterdeck-helper";

const definitions = {
  url: { type: "string" },
  token: { type: "string" },
  "platform-key": { type: "string" },
  name: { type: "string" },
  "allow-address": { type: "string" },
  "relay-url": { type: "string" },
  data: { type: "string" },
  hide: { type: "string", multiple: true },
  helper: { type: "string" },
  "helper-data": { type: "string" },
  socket: { type: "string" },
  group: { type: "string" },
  trust: { type: "string" },
  from: { type: "string" },
  policy: { type: "string" },
  lifeline: { type: "string" },
  "consent-no-isolation": { type: "boolean" },
  version: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

export const commandNames = [
  "connect",
  "enrol",
  "run",
  "status",
  "isolation",
  "doctor",
  "helper",
  "helper init",
  "policy",
] as const;
export type CommandName = (typeof commandNames)[number];

export type OptionValues = ReturnType<typeof parse>["values"];

/** A mistake in the command line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: definitions, allowPositionals: true });
}

export interface CommandLine {
  readonly command: CommandName | undefined;
  /** What follows the command's name; only `policy` takes any. */
  readonly words: readonly string[];
  readonly values: OptionValues;
}

export function parseCommandLine(args: readonly string[]): CommandLine {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError(errorMessage(error), { cause: error });
  }
  const [first, ...others] = parsed.positionals;
  const [name, ...rest] =
    first === "helper" && others[0] === "init" ? ["helper init", ...others.slice(1)] : [first, ...others];
  if (name === undefined) return { command: undefined, words: [], values: parsed.values };
  const command = commandNames.find((known) => known === name);
  if (!command) throw new UsageError(`There is no command ${name}.`);
  if (rest.length > 0 && command !== "policy") throw new UsageError(`Unexpected: ${rest.join(" ")}`);
  return { command, words: rest, values: parsed.values };
}

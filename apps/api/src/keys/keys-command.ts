import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { askPlatform } from "../operator/ask-platform.ts";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { runOperatorCommand } from "../operator/run-operator-command.ts";
import type { KeyChange } from "./key-change.ts";
import { keyStatusSchema, type KeyStatus } from "./key-status.ts";

const helpText = `The platform's keys, which every server obeys. The platform must be running.

usage: npm run keys -- [status | rotate | retire | revoke current|next|previous] [--data DIRECTORY] [--force]

  status   which keys there are, and which servers have taken them
  rotate   the next key takes over and a new next one is made; the old one is still obeyed
  retire   nobody obeys the old key any more
  revoke   a key was stolen: nobody obeys it from now on
  --force  also if servers must be connected again afterwards
  --data   where the platform keeps everything (default ./data; QUARTERDECK_DATA)`;

const revocations = { current: "revokeCurrent", next: "revokeNext", previous: "revokePrevious" } as const;

function readChange([verb = "status", which]: readonly string[]): KeyChange | "status" {
  if (verb === "status" || verb === "rotate" || verb === "retire") return verb;
  const revocation = Object.entries(revocations).find(([name]) => name === which)?.[1];
  if (verb === "revoke" && revocation) return revocation;
  throw new PlatformCommandError(`There is no command "${[verb, which].join(" ").trim()}".\n\n${helpText}`);
}

/** What a status says to the person at the terminal. */
function describeKeys({ version, current, next, previous, revoked, servers }: KeyStatus): string {
  const words = {
    current: "has these keys",
    behind: "takes them when it connects",
    lost: "can connect no more: connect it again with a new command from the console",
  } as const;
  const keys = [
    `version   ${version}`,
    `current   ${current}`,
    `next      ${next}`,
    ...(previous === null ? [] : [`previous  ${previous} (obeyed until: npm run keys -- retire)`]),
    ...revoked.map((key) => `revoked   ${key}`),
  ];
  const rows = servers.map(({ name, serverId, standing, isOnline }) => {
    return `${isOnline ? "online " : "offline"}  ${serverId}  ${name}: ${words[standing]}`;
  });
  return [...keys, "", ...(rows.length === 0 ? ["No server is connected."] : rows)].join("\n");
}

/** Runs one command of an operator. @returns what to print @throws PlatformCommandError with a sentence for the terminal */
async function keysCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { data: { type: "string" }, force: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) return helpText;
  const change = readChange(positionals);
  const dataDir = resolve(values.data ?? (environment["QUARTERDECK_DATA"] || "data"));
  const keys = { path: "/internal/keys", answer: keyStatusSchema } as const;
  const now = await askPlatform(dataDir, keys);
  if (change === "status") return describeKeys(now);
  const body = { change, fromVersion: now.version, isForced: values.force ?? false };
  return describeKeys(await askPlatform(dataDir, { ...keys, body }));
}

await runOperatorCommand("keys", () => keysCommand(process.argv.slice(2), process.env));

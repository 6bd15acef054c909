import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import * as z from "zod";
import { readInternalAddress } from "../http/internal-address.ts";
import type { KeyChange } from "./key-change.ts";
import { keyPath } from "./key-files.ts";
import { keyStatusSchema, type KeyStatus } from "./key-status.ts";

const helpText = `The platform's keys, which every server obeys. The platform must be running.

usage: npm run keys -- [status | rotate | retire | revoke current|next|previous] [--data DIRECTORY] [--force]

  status   which keys there are, and which servers have taken them
  rotate   the next key takes over and a new next one is made; the old one is still obeyed
  retire   nobody obeys the old key any more
  revoke   a key was stolen: nobody obeys it from now on
  --force  also if servers must be connected again afterwards
  --data   where the platform keeps everything (default ./data; QUARTERDECK_DATA)`;

/** A mistake in how the command was called, or something that the platform refused: its message is for the person. */
class KeysCommandError extends Error {
  override readonly name = "KeysCommandError";
}

const revocations = { current: "revokeCurrent", next: "revokeNext", previous: "revokePrevious" } as const;

function readChange([verb = "status", which]: readonly string[]): KeyChange | "status" {
  if (verb === "status" || verb === "rotate" || verb === "retire") return verb;
  const revocation = Object.entries(revocations).find(([name]) => name === which)?.[1];
  if (verb === "revoke" && revocation) return revocation;
  throw new KeysCommandError(`There is no command "${[verb, which].join(" ").trim()}".\n\n${helpText}`);
}

async function ask(dataDir: string, init: RequestInit): Promise<KeyStatus> {
  const origin = await readInternalAddress(dataDir);
  if (origin === null)
    throw new KeysCommandError(
      `No platform runs on ${dataDir}. Start it first: npm start, or name another folder with --data.`,
    );
  const { serviceKey } = z
    .object({ serviceKey: z.string() })
    .parse(JSON.parse(await readFile(keyPath(dataDir, "service"), "utf8")));
  const headers = { authorization: `Bearer ${serviceKey}`, "content-type": "application/json" };
  let response: Response;
  try {
    response = await fetch(`${origin}/internal/keys`, { ...init, headers, signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    throw new KeysCommandError("The platform does not answer. Start it first: npm start", { cause: error });
  }
  const body: unknown = await response.json();
  if (response.ok) return keyStatusSchema.parse(body);
  const problem = z.object({ message: z.string() }).safeParse(body).data;
  throw new KeysCommandError(problem?.message ?? `The platform answered ${response.status}.`);
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

/** Runs one command of an operator. @returns what to print @throws KeysCommandError with a sentence for the terminal */
async function keysCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { data: { type: "string" }, force: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) return helpText;
  const change = readChange(positionals);
  const dataDir = resolve(values.data ?? (environment["QUARTERDECK_DATA"] || "data"));
  const body = JSON.stringify({ change, isForced: values.force ?? false });
  return describeKeys(await ask(dataDir, change === "status" ? {} : { method: "POST", body }));
}

try {
  process.stdout.write(`${await keysCommand(process.argv.slice(2), process.env)}\n`);
} catch (error) {
  process.stderr.write(`quarterdeck keys: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof KeysCommandError ? 2 : 1;
}

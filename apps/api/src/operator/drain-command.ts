import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { limits } from "@quarterdeck/core/protocol/limits";
import { secondMs } from "@quarterdeck/core/units";
import { drainOutcomeSchema, type DrainOutcome } from "../relay/drain-outcome.ts";
import { askPlatform } from "./ask-platform.ts";
import { PlatformCommandError } from "./platform-command-error.ts";
import { runOperatorCommand } from "./run-operator-command.ts";

const helpText = `Has every connected server finish what it is telling the relay, close, and come back. For the moment before the relay
or the platform is replaced. The platform must be running; runs go on.

usage: npm run drain -- [--within SECONDS] [--data DIRECTORY]

  --within  how long the servers may take, and over how long they come back (default: by their number, 2 to 30)
  --data    where the platform keeps everything (default ./data; QUARTERDECK_DATA)`;

function readSpread(within: string | undefined): number | undefined {
  if (within === undefined) return undefined;
  const seconds = Number(within);
  const most = limits.longestSpreadMs / secondMs;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= most) return seconds * secondMs;
  throw new PlatformCommandError(`--within is a number of seconds from 1 to ${most}, not "${within}".\n\n${helpText}`);
}

/** @throws PlatformCommandError when somebody could not be told */
function describeOutcome({ told, offline, failed, spreadMs }: DrainOutcome): string {
  const seconds = Math.ceil(spreadMs / secondMs);
  const others = offline > 0 ? ` ${offline} more ${offline === 1 ? "was" : "were"} not connected.` : "";
  const done = `${told} connected ${told === 1 ? "server was" : "servers were"} told to leave within ${seconds} s.${others}`;
  if (failed.length === 0) return `${done} Deploy now: they come back within ${seconds} s of leaving.`;
  const rows = failed.map(({ serverId, name, reason }) => `  ${serverId}  ${name}: ${reason}`);
  throw new PlatformCommandError(
    `${done} ${failed.length} could not be told; to them a deployment is a lost connection, from which they come back too:\n${rows.join("\n")}`,
  );
}

async function drainCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { values } = parseArgs({
    args: [...args],
    options: { within: { type: "string" }, data: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) return helpText;
  const spreadMs = readSpread(values.within);
  const dataDir = resolve(values.data ?? (environment["QUARTERDECK_DATA"] || "data"));
  const body = spreadMs === undefined ? {} : { spreadMs };
  return describeOutcome(await askPlatform(dataDir, { path: "/internal/drain", body, answer: drainOutcomeSchema }));
}

await runOperatorCommand("drain", () => drainCommand(process.argv.slice(2), process.env));

import { parseArgs } from "node:util";
import { adminVerbs } from "./admin-verbs.ts";
import { askPlatform } from "./ask-platform.ts";
import { dataDirOf } from "./data-option.ts";
import { PlatformCommandError } from "./platform-command-error.ts";
import { runOperatorCommand } from "./run-operator-command.ts";

const lines = Object.entries(adminVerbs).map(([name, { usage, help }]) => `  ${`${name} ${usage}`.padEnd(40)}${help}`);

const helpText = `Runs the platform: its accounts, orgs and parts. The platform must be running.

usage: quarterdeck admin COMMAND [--data DIRECTORY]

${lines.join("\n")}

  --data  where the platform keeps everything (default ./data; QUARTERDECK_DATA)

Exit codes: 0 done; 2 refused, or called wrongly, and the message says why; 1 failed.`;

function readArguments(args: readonly string[]) {
  try {
    const options = { data: { type: "string" }, help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PlatformCommandError(`${message}\nSee: quarterdeck admin --help`, { cause: error });
  }
}

async function adminCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = readArguments(args);
  const [name, ...rest] = positionals;
  if (values.help || name === undefined) return helpText;
  const verb = Object.hasOwn(adminVerbs, name) ? adminVerbs[name] : undefined;
  if (verb === undefined) throw new PlatformCommandError(`There is no command "${name}".\n\n${helpText}`);
  const dataDir = dataDirOf(values.data, environment);
  return verb.run((question) => askPlatform(dataDir, question), rest);
}

await runOperatorCommand("admin", () => adminCommand(process.argv.slice(2), process.env));

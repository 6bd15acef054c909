import { join } from "node:path";
import { DataDirectory } from "./data-directory.ts";
import { parseCommandLine, UsageError, type OptionValues } from "./commands/options.ts";
import { takeDataLock } from "./data-lock.ts";
import { readEnvironment } from "./env.ts";
import { createLog } from "./log.ts";
import { alreadyRunningExitCode, usageExitCode } from "./update/exit-policy.ts";
import { Launcher } from "./update/launcher.ts";

/** `run` and `connect` as their users start them: keeps one bridge running, in the version that is current. */
async function main(args: readonly string[]): Promise<number> {
  let values: OptionValues;
  try {
    ({ values } = parseCommandLine(args));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`quarterdeck-bridge: ${error.message} See: quarterdeck-bridge --help\n`);
    return usageExitCode;
  }
  const environment = readEnvironment(process.env);
  const data = DataDirectory.open(values.data ?? environment.defaultData);
  const lock = takeDataLock(data.launcherLockFile);
  if (!lock) {
    process.stderr.write(
      `quarterdeck-bridge: A bridge is running on ${data.path} already. One server needs one; stop the other first.\n`,
    );
    return alreadyRunningExitCode;
  }
  const log = createLog({
    write: (line) => process.stderr.write(line),
    isForPeople: process.stderr.isTTY ?? false,
    nowMs: Date.now,
  });
  const { probationMs } = environment;
  const ownEntry = join(import.meta.dirname, "quarterdeck-bridge.mjs");
  const lifeline = values.lifeline ?? null;
  const code = await new Launcher({ data, log, args, ownEntry, lifeline, probationMs }).run();
  lock.release();
  return code;
}

process.exit(await main(process.argv.slice(2)));

import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { connectCommand } from "./commands/connect.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { enrolCommand } from "./commands/enrol.ts";
import { helperCommand, helperInitCommand } from "./commands/helper.ts";
import { isolationCommand } from "./commands/isolation.ts";
import { parseCommandLine, usage, UsageError } from "./commands/options.ts";
import { policyCommand, policyPath } from "./commands/policy.ts";
import { AlreadyRunning, runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { DataDirectory } from "./data-directory.ts";
import { EnrolmentFailed, enrolmentExitCodes } from "./enrolment/enrolment-failed.ts";
import { readEnvironment } from "./env.ts";
import { JournalNotOpened, JournalTooNew } from "./journal/journal-file.ts";
import { createLog } from "./log.ts";
import { alreadyRunningExitCode, fatalExitCode, journalTooNewExitCode, usageExitCode } from "./update/exit-policy.ts";
import { bridgeVersion } from "./version.ts";

const exitCodes = { usage: usageExitCode, alreadyRunning: alreadyRunningExitCode, notConnected: 12 } as const;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(args: readonly string[]): Promise<number> {
  const { command, words, values } = parseCommandLine(args);
  if (values.version) {
    say(bridgeVersion);
    return 0;
  }
  if (values.help || !command) {
    process.stdout.write(usage);
    return values.help ? 0 : exitCodes.usage;
  }
  // That of the programs too, and they read what is made for them. What others must not see says so itself.
  process.umask(0o022);
  const environment = readEnvironment(process.env);
  if (command === "policy") return policyCommand(words, policyPath(values, environment).path, say);
  const log = createLog({
    write: (line) => process.stderr.write(line),
    isForPeople: process.stderr.isTTY ?? false,
    nowMs: Date.now,
  });
  if (command === "helper") return helperCommand({ values, environment, log, say });
  if (command === "helper init") return helperInitCommand({ values, environment, log, say });
  const data = DataDirectory.open(values.data ?? environment.defaultData);
  switch (command) {
    case "enrol": {
      const identity = await enrolCommand(values, environment, data);
      say(`This server is now ${identity.serverId}.`);
      return 0;
    }
    case "connect":
      return connectCommand({ values, environment, data, log, say });
    case "run":
      return runCommand({ values, environment, data, log });
    case "status":
      return statusCommand(data, say);
    case "isolation":
      return isolationCommand({ values, environment, data }, say);
    case "doctor":
      return doctorCommand({ data, environment, policy: policyPath(values, environment) }, say);
  }
}

/** Says in one line what went wrong. A bug keeps its stack. */
function explain(error: unknown): number {
  const line = (text: string) => process.stderr.write(`quarterdeck-bridge: ${text}\n`);
  if (error instanceof EnrolmentFailed) {
    line(error.message);
    return enrolmentExitCodes[error.failure];
  }
  if (error instanceof UsageError) {
    line(`${error.message} See: quarterdeck-bridge --help`);
    return exitCodes.usage;
  }
  if (error instanceof AlreadyRunning) {
    line(error.message);
    return exitCodes.alreadyRunning;
  }
  if (error instanceof JournalTooNew || error instanceof JournalNotOpened) {
    line(error.message);
    return error instanceof JournalTooNew ? journalTooNewExitCode : fatalExitCode;
  }
  if (error instanceof QuarterdeckError) {
    line(error.message);
    return exitCodes.notConnected;
  }
  line(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return 1;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (error) {
  process.exit(explain(error));
}

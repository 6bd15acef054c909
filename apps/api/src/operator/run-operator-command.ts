import { PlatformCommandError } from "./platform-command-error.ts";

/** Runs a command of an operator: prints what it answers, or in one line what went wrong. */
export async function runOperatorCommand(name: string, command: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(`${await command()}\n`);
  } catch (error) {
    process.stderr.write(`quarterdeck ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof PlatformCommandError ? 2 : 1;
  }
}

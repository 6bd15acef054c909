import { readFile } from "node:fs/promises";
import { PlatformCommandError } from "../operator/platform-command-error.ts";

/** The passphrase from a file, whose first line it is, or from the environment; null where neither has one. */
export async function readPassphrase(file: string | undefined, environment: NodeJS.ProcessEnv): Promise<string | null> {
  if (file === undefined) return environment["QUARTERDECK_BACKUP_PASSPHRASE"] || null;
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new PlatformCommandError(`The passphrase cannot be read from ${file}.`, { cause });
  });
  const passphrase = text.split("\n")[0]?.trim() ?? "";
  if (passphrase === "") throw new PlatformCommandError(`${file} is empty: its first line must be the passphrase.`);
  return passphrase;
}

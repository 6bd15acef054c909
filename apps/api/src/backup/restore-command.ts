import { randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeId } from "@quarterdeck/core/ids";
import { dataDirOf } from "../operator/data-option.ts";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { runOperatorCommand } from "../operator/run-operator-command.ts";
import { nullIfMissing } from "../null-if-missing.ts";
import { listFolder } from "./collect-state.ts";
import { databaseName } from "./manifest.ts";
import { readPassphrase } from "./passphrase.ts";
import { makeFolderBeside, markRestored, placeState, type KeySource } from "./place-state.ts";
import { rehearse } from "./rehearse.ts";

const helpText = `Puts a backup into an empty folder, from which the platform is then started; or tries whether it could.

usage: quarterdeck restore FILE [--passphrase-file FILE | --keys DIRECTORY] [--data DIRECTORY]
       quarterdeck restore FILE --rehearse [--passphrase-file FILE | --keys DIRECTORY] [--scratch DIRECTORY]

  --passphrase-file  a file whose first line is the passphrase of the keys (or QUARTERDECK_BACKUP_PASSPHRASE)
  --keys             a folder with the keys, for a backup that was made without
  --data             the folder to restore into, which must be empty or not there (default ./data; QUARTERDECK_DATA)
  --rehearse         unpacks into a scratch folder, checks and opens everything, prints a report, and deletes it
  --scratch          where that folder is made (default: the system's temporary folder)`;

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string" },
        keys: { type: "string" },
        "passphrase-file": { type: "string" },
        rehearse: { type: "boolean" },
        scratch: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PlatformCommandError(`${message}\nSee: quarterdeck restore --help`, { cause: error });
  }
}

async function restoreCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = readArguments(args);
  const [given, ...more] = positionals;
  if (values.help) return helpText;
  if (given === undefined || more.length > 0) throw new PlatformCommandError(`Name one file.\n\n${helpText}`);
  const from = environment["QUARTERDECK_CALLED_FROM"] ?? process.cwd();
  const archive = resolve(from, given);
  const passphraseFile = values["passphrase-file"];
  const passphrase = await readPassphrase(passphraseFile && resolve(from, passphraseFile), environment);
  const keys: KeySource =
    values.keys !== undefined
      ? { kind: "folder", path: resolve(from, values.keys) }
      : passphrase !== null
        ? { kind: "passphrase", passphrase }
        : { kind: "none" };
  if (!values.rehearse) return restore(archive, dataDirOf(values.data, environment), keys);
  const scratch = resolve(from, values.scratch ?? tmpdir());
  return rehearseIn(scratch, { archive, keys, masterKey: environment["QUARTERDECK_KEY"] || null });
}

async function rehearseIn(
  scratch: string,
  { archive, keys, masterKey }: { archive: string; keys: KeySource; masterKey: string | null },
): Promise<string> {
  const folder = await mkdtemp(join(scratch, "quarterdeck-rehearsal-"));
  try {
    const lines = await rehearse(folder, await placeState(archive, folder, keys), { masterKey, nowMs: Date.now() });
    return [...lines, "", `${archive} can be restored. The scratch folder is deleted.`].join("\n");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function restore(archive: string, dataDir: string, keys: KeySource): Promise<string> {
  if (keys.kind === "none") {
    throw new PlatformCommandError(
      "The keys are needed: with new ones no server would come back. Give --passphrase-file FILE, or --keys DIRECTORY.",
    );
  }
  if ((await listFolder(dataDir)).length > 0)
    throw new PlatformCommandError(
      `${dataDir} is not empty, and nothing is overwritten. Name another folder with --data.`,
    );
  const folder = await makeFolderBeside(dataDir, "restore");
  try {
    const { manifest } = await placeState(archive, folder, keys);
    const nowMs = Date.now();
    const entryId = makeId("entry", nowMs, randomBytes(16));
    markRestored(join(folder, databaseName), { entryId, atMs: nowMs, madeAtMs: manifest.madeAtMs });
    await rmdir(dataDir).catch(nullIfMissing);
    await rename(folder, dataDir);
    return describeRestored(dataDir, manifest);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describeRestored(
  dataDir: string,
  { madeAtMs, databaseKind, needsMasterKeyFromEnvironment }: Awaited<ReturnType<typeof placeState>>["manifest"],
): string {
  return [
    `${dataDir} is the platform of ${new Date(madeAtMs).toISOString()}. Start it: npm start -- --data ${dataDir}`,
    "Everybody must sign in again. What was done since is not in it: rights that were taken since are back, so look at members and keys.",
    ...(needsMasterKeyFromEnvironment ? ["Start it with the QUARTERDECK_KEY that it had."] : []),
    ...(databaseKind === "server"
      ? [`Its database was on a server. Load ${join(dataDir, databaseName)} into one, or start it with that file.`]
      : []),
    "Servers come back by themselves. The audit says on a server's page that entries are missing; acknowledge it there.",
  ].join("\n");
}

process.umask(0o077);
await runOperatorCommand("restore", () => restoreCommand(process.argv.slice(2), process.env));

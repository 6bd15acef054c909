import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { mebibyte } from "@quarterdeck/core/units";
import { readInternalAddress } from "../http/internal-address.ts";
import { askPlatform } from "../operator/ask-platform.ts";
import { dataDirOf } from "../operator/data-option.ts";
import { PlatformCommandError } from "../operator/platform-command-error.ts";
import { runOperatorCommand } from "../operator/run-operator-command.ts";
import { packArchive } from "./archive-file.ts";
import { collectState } from "./collect-state.ts";
import { readPassphrase } from "./passphrase.ts";
import { makeFolderBeside } from "./place-state.ts";
import { databasePlace, storagePlacesSchema, type StoragePlaces } from "./storage-places.ts";

const helpText = `Writes the platform's whole state into one file, while it runs or not: the database, the relay's objects, who this
machine's bridge is, and the keys, sealed with a passphrase. What is in workspaces is on the servers, and is not in it.

usage: quarterdeck backup FILE [--passphrase-file FILE | --without-keys] [--data DIRECTORY]

  --passphrase-file  a file whose first line is the passphrase (or QUARTERDECK_BACKUP_PASSPHRASE)
  --without-keys     leaves the keys out; without them a backup is of no use, so keep DIRECTORY/keys elsewhere
  --data             where the platform keeps everything (default ./data; QUARTERDECK_DATA)

The file holds what tenants keep (addresses, names, what tasks were asked for): guard it like the platform.`;

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        data: { type: "string" },
        "passphrase-file": { type: "string" },
        "without-keys": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
      allowPositionals: true,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new PlatformCommandError(`${message}\nSee: quarterdeck backup --help`, { cause: error });
  }
}

/** Where the state is: as the running platform says, or, where none runs, as it would be started here. */
async function findPlaces(dataDir: string, environment: NodeJS.ProcessEnv): Promise<StoragePlaces> {
  if ((await readInternalAddress(dataDir)) !== null)
    return askPlatform(dataDir, { path: "/internal/admin/storage", answer: storagePlacesSchema });
  const url = environment["QUARTERDECK_DATABASE_URL"] || `file:${join(dataDir, "quarterdeck.db")}`;
  return { database: databasePlace(url), hasMasterKeyInEnvironment: Boolean(environment["QUARTERDECK_KEY"]) };
}

async function backupCommand(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const { values, positionals } = readArguments(args);
  const [given, ...more] = positionals;
  if (values.help) return helpText;
  if (given === undefined || more.length > 0) throw new PlatformCommandError(`Name one file.\n\n${helpText}`);
  const from = environment["QUARTERDECK_CALLED_FROM"] ?? process.cwd();
  const target = resolve(from, given);
  if (existsSync(target)) throw new PlatformCommandError(`${target} is there already. Name a new file.`);
  const passphraseFile = values["passphrase-file"];
  const passphrase = await readPassphrase(passphraseFile && resolve(from, passphraseFile), environment);
  if (passphrase === null && !values["without-keys"])
    throw new PlatformCommandError(
      "The keys need a passphrase: --passphrase-file FILE. Or leave them out: --without-keys",
    );
  const dataDir = dataDirOf(values.data, environment);
  const places = await findPlaces(dataDir, environment);
  const folder = await makeFolderBeside(target, "backup");
  try {
    const databaseToken = environment["QUARTERDECK_DATABASE_TOKEN"] || null;
    const sealing = values["without-keys"] ? null : passphrase;
    const manifest = await collectState(
      { dataDir, places, databaseToken, passphrase: sealing, nowMs: Date.now() },
      folder,
    );
    await packArchive(folder, manifest, target);
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const keys = manifest.keys === null ? "WITHOUT KEYS: keep the folder keys elsewhere" : "keys sealed";
    return `${target}: ${manifest.files.length} files, ${(bytes / mebibyte).toFixed(1)} MiB unpacked, ${keys}.\nTry it: quarterdeck restore ${given} --rehearse`;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(`${folder}.tar.gz`, { force: true });
  }
}

process.umask(0o077);
await runOperatorCommand("backup", () => backupCommand(process.argv.slice(2), process.env));

import { readFileSync, realpathSync } from "node:fs";
import { extname, join } from "node:path";
import { DataDirectory } from "../data-directory.ts";
import { takeDataLock } from "../data-lock.ts";
import type { Environment } from "../env.ts";
import { HelperDirectory } from "../helper/helper-directory.ts";
import { makeTrust } from "../helper/make-trust.ts";
import { RunMemory } from "../helper/run-memory.ts";
import { startHelper } from "../helper/start-helper.ts";
import { readIdentity } from "../identity.ts";
import type { Log } from "../log.ts";
import { defaultHelperData, UsageError, type OptionValues } from "./options.ts";
import { policyPath } from "./policy.ts";
import { AlreadyRunning } from "./run.ts";

const defaultSocket = "/run/quarterdeck/helper.sock";

interface HelperCommandOptions {
  readonly values: OptionValues;
  readonly environment: Environment;
  readonly log: Log;
  readonly say: (line: string) => void;
}

function openDirectory({ data, group }: OptionValues): {
  readonly directory: HelperDirectory;
  readonly gid: number | null;
} {
  const gid = group === undefined ? null : findGroup(group);
  return { directory: HelperDirectory.open(data ?? defaultHelperData, gid), gid };
}

function findGroup(name: string): number {
  const line = readFileSync("/etc/group", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const gid = Number(line?.split(":")[2] ?? (/^\d+$/.test(name) ? name : NaN));
  if (!Number.isInteger(gid)) throw new UsageError(`There is no group ${name} on this machine.`);
  return gid;
}

/** `helper init`: has the helper obey the platform that a bridge on this machine was enrolled with. */
export async function helperInitCommand({ values, say }: HelperCommandOptions): Promise<number> {
  const { from } = values;
  if (from === undefined) throw new UsageError("--from is missing: the directory of the bridge.");
  const { directory } = openDirectory(values);
  const trustFile = values.trust ?? directory.trustFile;
  const identity = readIdentity(new DataDirectory(realpathSync(from)));
  const how = await makeTrust(trustFile, identity);
  if (how === "made") RunMemory.make(directory.memoryFile);
  say(`The helper obeys the platform of ${identity.serverId} (${how === "made" ? "new" : "as before"}).`);
  return 0;
}

/** `helper`: does as root what the platform signed, until it is asked to stop. @returns the exit code */
export async function helperCommand({ values, environment, log }: HelperCommandOptions): Promise<number> {
  const { directory, gid } = openDirectory(values);
  const { data } = directory;
  const lock = takeDataLock(directory.lockFile);
  if (!lock) throw new AlreadyRunning(`A helper is running on ${data.path} already.`);
  const helper = await startHelper({
    directory,
    trustFile: values.trust ?? directory.trustFile,
    socketPath: values.socket ?? defaultSocket,
    gid,
    log,
    nowMs: Date.now,
    policy: policyPath(values, environment),
    // Bundled beside the bundle, and source beside the source.
    wrapperScript:
      extname(import.meta.filename) === ".ts"
        ? join(import.meta.dirname, "../wrapper.ts")
        : join(import.meta.dirname, "wrapper.mjs"),
    path: environment.path,
    bubblewrap: environment.bubblewrap,
    hidden: (values.hide ?? []).map((folder) => realpathSync(folder)),
    driver: environment.driver,
    ownNetworks: environment.ownNetworks,
  });
  const reason = await new Promise<string>((resolve) => {
    process.once("SIGTERM", () => resolve("SIGTERM"));
    process.once("SIGINT", () => resolve("SIGINT"));
  });
  log.info("the helper stops", { reason });
  helper.stop();
  lock.release();
  return 0;
}

import { extname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionStatus } from "../connection/connection.ts";
import { startDaemon, type Daemon } from "../daemon.ts";
import type { DataDirectory } from "../data-directory.ts";
import { takeDataLock } from "../data-lock.ts";
import type { Environment } from "../env.ts";
import { readIdentity } from "../identity.ts";
import { errorMessage, type Log } from "../log.ts";
import { fatalExitCode, restartExitCode } from "../update/exit-policy.ts";
import { openLauncherLink } from "../update/launcher-link.ts";
import { watchLifeline } from "../wrapper/lifeline.ts";
import { defaultHelperData, type OptionValues } from "./options.ts";
import { policyPath } from "./policy.ts";

/** Another bridge has the data directory. */
export class AlreadyRunning extends Error {
  override readonly name = "AlreadyRunning";
}

interface RunOptions {
  readonly values: OptionValues;
  readonly environment: Environment;
  readonly data: DataDirectory;
  readonly log: Log;
  readonly onStatus?: (status: ConnectionStatus) => void;
}

const lastWordsMs = 8000;

/** `run`: the daemon, until it is asked to stop. @returns the exit code */
export async function runCommand({ values, environment, data, log, onStatus }: RunOptions): Promise<number> {
  const enrolled = readIdentity(data);
  const identity = { ...enrolled, relayUrl: values["relay-url"] ?? enrolled.relayUrl };
  const lock = takeDataLock(data.lockFile);
  if (!lock)
    throw new AlreadyRunning(
      `A bridge is running on ${data.path} already. One server needs one; stop the other first.`,
    );
  const onFatal = (error: unknown) => {
    // Nothing that may not be on the disk is acknowledged: the next start takes up what is.
    log.error("the bridge cannot go on and ends", { reason: errorMessage(error) });
    process.exit(fatalExitCode);
  };
  const end = Promise.withResolvers<Ending>();
  const launcher = openLauncherLink(process.env, () => end.resolve({ reason: "its launcher is gone", exitCode: 0 }));
  const daemon = await startDaemon({
    data,
    identity,
    log,
    ...(values.helper === undefined
      ? {}
      : { helper: { socketPath: values.helper, path: values["helper-data"] ?? defaultHelperData } }),
    // Bundled beside the bundle, and source beside the source.
    wrapperScript:
      extname(import.meta.filename) === ".ts"
        ? join(import.meta.dirname, "../wrapper.ts")
        : join(import.meta.dirname, "wrapper.mjs"),
    path: environment.path,
    bubblewrap: environment.bubblewrap,
    driver: environment.driver,
    hidden: values.hide ?? [],
    ownNetworks: environment.ownNetworks,
    lifeline: values.lifeline ?? null,
    policy: policyPath(values, environment),
    hasConsent: values["consent-no-isolation"] ?? false,
    onStatus: onStatus ?? (() => undefined),
    onFatal,
    launcher,
    onSwitched: () => end.resolve({ reason: "another version takes its place", exitCode: restartExitCode }),
  });
  const { reason, exitCode } = await Promise.race([end.promise, untilStopped(values.lifeline, daemon)]);
  log.info("the bridge stops", { reason, runsThatGoOn: daemon.activeRuns() });
  daemon.stop();
  lock.release();
  return exitCode;
}

interface Ending {
  readonly reason: string;
  readonly exitCode: number;
}

function untilStopped(lifeline: string | undefined, daemon: Daemon): Promise<Ending> {
  return new Promise((resolve) => {
    const asked = (reason: string) => resolve({ reason, exitCode: 0 });
    process.once("SIGTERM", () => asked("SIGTERM"));
    process.once("SIGINT", () => asked("SIGINT"));
    if (lifeline === undefined) return;
    watchLifeline(lifeline, (how) => void lastWords(daemon).then(() => asked(`the lifeline ended: ${how}`)));
  });
}

/** The runs end with the lifeline; their results are handed over if that is still possible. */
async function lastWords(daemon: Daemon): Promise<void> {
  const deadline = performance.now() + lastWordsMs;
  while (performance.now() < deadline && (daemon.activeRuns() > 0 || daemon.unsentResults() > 0)) await delay(50);
}

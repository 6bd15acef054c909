import { existsSync, realpathSync } from "node:fs";
import { defaultPrograms } from "@quarterdeck/core/actions/catalogue";
import type { RunId } from "@quarterdeck/core/ids";
import { importSigningKey, keyFingerprint } from "@quarterdeck/core/protocol/signing";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { bridgeSocketUrl } from "./addresses.ts";
import { writeBridgeState } from "./bridge-state.ts";
import { CommandIntake } from "./command-intake.ts";
import { Connection, type ConnectionStatus } from "./connection/connection.ts";
import type { DataDirectory } from "./data-directory.ts";
import { openSandbox } from "./drivers/process.ts";
import { searchPath } from "./drivers/search-path.ts";
import type { Identity } from "./identity.ts";
import { GroupCommit } from "./journal/group-commit.ts";
import { openJournal } from "./journal/open-journal.ts";
import type { Log } from "./log.ts";
import { readCapabilities } from "./machine.ts";
import { recoverCommands } from "./recover-commands.ts";
import { cleanUpRuns } from "./runs/clean-up.ts";
import { idTimeMs } from "./runs/id-time.ts";
import { OutputFollower, type RunState } from "./runs/output-follower.ts";
import { RunLedger } from "./runs/run-ledger.ts";
import { Runner } from "./runs/runner.ts";
import { WrapperLauncher } from "./runs/wrapper-launcher.ts";
import { systemClock } from "./system-clock.ts";
import { SampleReader } from "./telemetry/read-sample.ts";
import { TelemetrySchedule } from "./telemetry/telemetry-schedule.ts";
import { PlatformKeys } from "./verification/platform-keys.ts";
import { bootId as readBootId } from "./wrapper/processes.ts";

/** A run made longer ago than this that the journal does not know will not come any more. */
const forgottenMs = 2 * dayMs;

export interface DaemonOptions {
  readonly data: DataDirectory;
  readonly identity: Identity;
  readonly log: Log;
  /** The wrapper's bundle. */
  readonly wrapperScript: string;
  /** The owner's PATH. */
  readonly path: string | undefined;
  /** Where bubblewrap is, if it is not to be looked for. */
  readonly bubblewrap: string | undefined;
  readonly hidden: readonly string[];
  readonly lifeline: string | null;
  readonly hasConsent: boolean;
  readonly onStatus: (status: ConnectionStatus) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface Daemon {
  readonly activeRuns: () => number;
  readonly unsentResults: () => number;
  /** Stops the daemon; runs go on and are taken up again at the next start. */
  stop(): void;
}

/** Puts the parts of the bridge together and starts them. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { data, identity, log, onFatal } = options;
  const clock = systemClock;
  const bootId = readBootId();
  const folders = searchPath(options.path).filter((folder) => !`${folder}/`.startsWith(`${data.path}/`));
  const hidden = options.hidden.map((folder) => realpathSync(folder));
  const [sandbox, privateKey, fingerprint] = await Promise.all([
    openSandbox({ data, hidden, folders, bubblewrap: options.bubblewrap, hasConsent: options.hasConsent }),
    importSigningKey(identity.privateKeyPkcs8),
    keyFingerprint(identity.publicKey),
  ]);
  if (sandbox.isolation !== "hidden")
    log.warn("runs are not isolated", { isolation: sandbox.isolation, reason: sandbox.reason });
  const capabilities = readCapabilities({ sandbox, programs: defaultPrograms, folders });
  const journal = openJournal(data.journalFile, clock.nowMs(), log);
  const commits = new GroupCommit(journal, (error) => onFatal(error));
  const launcher = new WrapperLauncher({
    script: options.wrapperScript,
    pipeDirectory: data.path,
    maxPathLength: data.runs.length + 64,
    keepIdleMs: minuteMs,
  });
  const onResult = () => connection.resultAdded();
  const ledger = new RunLedger({ journal, commits, privateKey, serverId: identity.serverId, clock, onResult });
  const runner = new Runner({
    context: { data, sandbox, folders },
    ledger,
    launcher,
    bootId,
    lifeline: options.lifeline,
    log,
    onOutput: (runId) => follower.changed(runId),
    onFatal,
  });
  const platformKeys = new PlatformKeys(data);
  const rules = {
    platformKeys: () => platformKeys.trusted,
    serverId: identity.serverId,
    keyFingerprint: fingerprint,
    programs: defaultPrograms,
  };
  const intake = new CommandIntake({ journal, commits, runner, rules, privateKey, clock, log, onResult });
  const stateOf = (runId: RunId): RunState => {
    if (runner.isActive(runId)) return "active";
    if (journal.isRunEnded(runId) || existsSync(data.run(runId).path)) return "ended";
    return clock.nowMs() - idTimeMs(runId) > forgottenMs ? "gone" : "unknown";
  };
  const follower = new OutputFollower({ data, stateOf, send: (frame) => connection.send(frame) });
  const samples = new SampleReader(data.path);
  const telemetry = new TelemetrySchedule({
    read: () => samples.read(clock.nowMs(), runner.activeCount),
    send: (batch) => connection.send({ type: "telemetry", samples: batch }),
  });
  const connection = new Connection({
    url: bridgeSocketUrl(identity.relayUrl, identity.serverId),
    platformKeys,
    privateKey,
    self: () => ({
      serverId: identity.serverId,
      sessionId: journal.sessionId,
      bootId,
      capabilities,
      received: { commands: journal.receivedCommands() },
      keysVersion: platformKeys.version,
    }),
    counters: { takenCommands: journal.receivedCommands(), lastResult: journal.lastResult() },
    clock,
    log,
    takeCommands: (items) => intake.take(items),
    readResults: (after, count) => journal.resultsAfter(after, count),
    resultsStored: (through) => commits.commitLater(() => journal.acknowledgeResults(through)),
    onOnline: (welcome) => {
      follower.reset(welcome.credit.outputBytes);
      telemetry.setWatched(false);
      telemetry.connected();
      launcher.prepare();
    },
    onInterest: (interest) => {
      telemetry.setWatched(interest.telemetry);
      follower.setInterest(interest.runs);
    },
    onCredit: (bytes) => follower.addCredit(bytes),
    onStatus: (status) => {
      if (status.state !== "online") {
        follower.reset(0);
        telemetry.setWatched(false);
      }
      writeBridgeState(data, { pid: process.pid, ...status, sinceMs: clock.nowMs() });
      options.onStatus(status);
    },
    onFatal,
  });

  await recoverCommands({ journal, commits, runner, platformKeys: platformKeys.everTrusted, log });
  connection.start();
  telemetry.start();
  const tidy = () => {
    commits.commitLater(() => journal.forget(clock.nowMs()));
    commits.flush();
    cleanUpRuns({ data, isActive: (runId) => runner.isActive(runId), nowMs: clock.nowMs(), log });
  };
  tidy();
  const tidying = setInterval(tidy, hourMs);
  log.info("bridge is running", {
    serverId: identity.serverId,
    isolation: sandbox.isolation,
    runs: runner.activeCount,
  });

  return {
    activeRuns: () => runner.activeCount,
    unsentResults: () => {
      commits.flush();
      return journal.unsentResults();
    },
    stop() {
      clearInterval(tidying);
      telemetry.stop();
      connection.close();
      launcher.close();
      commits.flush();
      journal.close();
    },
  };
}

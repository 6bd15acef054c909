import { existsSync, realpathSync } from "node:fs";
import { defaultPrograms } from "@quarterdeck/core/actions/catalogue";
import type { RunId } from "@quarterdeck/core/ids";
import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { importSigningKey, keyFingerprint } from "@quarterdeck/core/protocol/signing";
import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { AgreedTime } from "./agreed-time.ts";
import { AuditHeads } from "./audit/audit-heads.ts";
import { bridgeSocketUrl } from "./addresses.ts";
import { writeBridgeState } from "./bridge-state.ts";
import { CommandIntake } from "./command-intake.ts";
import { Connection, type ConnectionStatus } from "./connection/connection.ts";
import type { DataDirectory } from "./data-directory.ts";
import { DiskSpace } from "./disk/disk-space.ts";
import { ToldCondition } from "./disk/told-condition.ts";
import { openSandbox } from "./drivers/process.ts";
import { searchPath } from "./drivers/search-path.ts";
import type { Identity } from "./identity.ts";
import { GroupCommit } from "./journal/group-commit.ts";
import { openJournal, putJournalAside } from "./journal/open-journal.ts";
import type { Log } from "./log.ts";
import { readCapabilities } from "./machine.ts";
import { recoverCommands } from "./recover-commands.ts";
import { cleanUpRuns } from "./runs/clean-up.ts";
import { KeptOutput } from "./runs/kept-output.ts";
import { idTimeMs } from "./runs/id-time.ts";
import { OutputFollower, type RunState } from "./runs/output-follower.ts";
import { ContentKeys } from "./sealing/content-keys.ts";
import { SealedParts } from "./verification/open-sealed-part.ts";
import { RunInputWriter } from "./runs/run-input-writer.ts";
import { RunInputs } from "./runs/run-inputs.ts";
import { RunLedger } from "./runs/run-ledger.ts";
import { Runner } from "./runs/runner.ts";
import { WrapperLauncher } from "./runs/wrapper-launcher.ts";
import { systemClock } from "./system-clock.ts";
import { HistoryFeed } from "./telemetry/history-feed.ts";
import { SampleReader } from "./telemetry/read-sample.ts";
import { SampleSpool } from "./telemetry/sample-spool.ts";
import { TelemetrySchedule } from "./telemetry/telemetry-schedule.ts";
import type { LauncherLink } from "./update/launcher-link.ts";
import { Updater } from "./update/updater.ts";
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
  /** Null when no launcher started this process. */
  readonly launcher: LauncherLink | null;
  /** The launcher will start another version: this one is to stop. */
  readonly onSwitched: () => void;
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
  const agreed = new AgreedTime(clock);
  let onSpace: (isFull: boolean) => void = () => undefined;
  let makeRoom: () => void = () => undefined;
  const space = new DiskSpace({
    reserveFile: data.reserveFile,
    log,
    onChange: (isFull) => onSpace(isFull),
    makeRoom: () => makeRoom(),
  });
  space.makeRoomToStart();
  const bootId = readBootId();
  const folders = searchPath(options.path).filter((folder) => !`${folder}/`.startsWith(`${data.path}/`));
  const hidden = options.hidden.map((folder) => realpathSync(folder));
  const [sandbox, privateKey, fingerprint, sealedParts] = await Promise.all([
    openSandbox({ data, hidden, folders, bubblewrap: options.bubblewrap, hasConsent: options.hasConsent }),
    importSigningKey(identity.privateKeyPkcs8),
    keyFingerprint(identity.publicKey),
    SealedParts.with(identity.sealingKey),
  ]);
  if (sandbox.isolation !== "hidden")
    log.warn("runs are not isolated", { isolation: sandbox.isolation, reason: sandbox.reason });
  const link = options.launcher;
  const hasLauncher = link !== null;
  const capabilities = readCapabilities({ sandbox, programs: defaultPrograms, folders, hasLauncher });
  const journal = openJournal(data.journalFile, { nowMs: clock.nowMs(), log, onFull: () => space.spend() });
  link?.progress("its journal was opened");
  const commits = new GroupCommit({ journal, onFailure: onFatal, onFull: () => space.spend() });
  const confirmed = Promise.withResolvers<void>();
  const launcher = new WrapperLauncher({
    script: options.wrapperScript,
    pipeDirectory: data.path,
    maxPathLength: data.runs.length + 64,
    keepIdleMs: minuteMs,
  });
  const onResult = () => connection.resultAdded();
  const ledger = new RunLedger({ journal, commits, privateKey, serverId: identity.serverId, clock, onResult });
  const contentKeys = new ContentKeys(data);
  const platformKeys = new PlatformKeys(data, () => space.spend());
  const runner = new Runner({
    context: {
      data,
      sandbox,
      folders,
      updater: link && new Updater({ data, identity, platformKeys, link, onSwitched: options.onSwitched }),
    },
    ledger,
    contentKeys,
    launcher,
    bootId,
    lifeline: options.lifeline,
    confirmed: confirmed.promise,
    log,
    onOutput: (runId) => {
      follower.changed(runId);
      if (runner.isActive(runId)) return;
      inputs.ended(runId);
      kept.ended(runId);
    },
    onFatal,
  });
  const kept = new KeptOutput({
    data,
    isActive: (runId) => runner.isActive(runId),
    isSettled: (runId) => journal.isRunSettled(runId),
    // A full disk has its own way of trying again.
    settle: () => {
      if (!space.isFull) commits.flush();
    },
    log,
  });
  const rules = {
    platformKeys: () => platformKeys.trusted,
    serverId: identity.serverId,
    keyFingerprint: fingerprint,
    programs: defaultPrograms,
  };
  const intake = new CommandIntake({
    journal,
    commits,
    runner,
    rules,
    sealedParts,
    privateKey,
    clock,
    log,
    onResult,
    space,
    onLate: (through) => connection.journaled(through),
  });
  const stateOf = (runId: RunId): RunState => {
    if (runner.isActive(runId)) return "active";
    if (existsSync(data.run(runId).droppedOutput)) return "gone";
    if (journal.isRunEnded(runId) || existsSync(data.run(runId).path)) return "ended";
    return (agreed.nowMs() ?? 0) - idTimeMs(runId) > forgottenMs ? "gone" : "unknown";
  };
  const follower = new OutputFollower({ data, contentKeys, stateOf, send: (frame) => connection.send(frame) });
  const inputs = new RunInputs({
    open: (runId) => RunInputWriter.open(data.run(runId)),
    findOpener: (runId) => contentKeys.findInputOpener(runId),
    isActive: (runId) => runner.isActive(runId),
    send: (frame) => connection.send(frame),
    log,
  });
  const samples = new SampleReader(data.path);
  const spool = SampleSpool.open({ directory: data.spool, log });
  const feed = new HistoryFeed({
    spool,
    hasRoom: () => connection.hasRoom,
    send: ({ through, samples: read, gaps }) =>
      connection.send({ type: "history", through, readings: encodeReadings(read), gaps: [...gaps] }),
  });
  const telemetry = new TelemetrySchedule({
    clock,
    spool,
    feed,
    read: () => samples.read(clock.nowMs(), runner.activeCount),
    send: (batch) => connection.send({ type: "telemetry", readings: encodeReadings(batch) }),
  });
  const auditHeads = new AuditHeads({
    data,
    identity,
    platformKeys,
    privateKey,
    log,
    send: (heads) => connection.send({ type: "heldHeads", ...heads }),
  });
  const condition: ToldCondition = new ToldCondition({
    isFull: () => space.isFull,
    send: (frame) => connection.send(frame),
  });
  const loseJournal = (reason: string) => {
    log.error("the journal cannot be trusted and is put aside", { code: "BRIDGE_STATE_LOST", reason });
    makeRoom = () => undefined;
    journal.close();
    putJournalAside(data.journalFile, clock.nowMs());
    onFatal(new Error("a new session begins with the next start"));
  };
  const connection = new Connection({
    url: bridgeSocketUrl(identity.relayUrl, identity.serverId),
    platformKeys,
    privateKey,
    self: () => ({
      serverId: identity.serverId,
      sessionId: journal.sessionId,
      bootId,
      capabilities: { ...capabilities, ...condition.forHello() },
      received: { commands: journal.receivedCommands() },
      keysVersion: platformKeys.version,
    }),
    counters: { takenCommands: journal.receivedCommands(), lastResult: journal.lastResult() },
    clock,
    log,
    takeCommands: (items) => intake.take(items),
    dropHeld: () => intake.dropHeld(),
    lastResult: () => journal.lastResult(),
    readResults(after, count) {
      const results = journal.resultsAfter(after, count);
      if (results.length === count && results[0]?.seq === after + 1) return results;
      loseJournal(`results ${after + 1} to ${after + count} are to be sent and are not all there`);
      return [];
    },
    resultsStored: (through) => commits.commitLater(() => journal.acknowledgeResults(through)),
    onOutdated: (reason) => loseJournal(`it is older than what the relay knows, as a restored copy is: ${reason}`),
    onOnline: (welcome) => {
      const isFirst = agreed.nowMs() === null;
      agreed.heard(welcome.relayTimeMs);
      if (isFirst) tidy();
      confirmed.resolve();
      follower.reset(welcome.credit.outputBytes);
      telemetry.setWatched(false);
      telemetry.connected();
      feed.connected();
      auditHeads.connected();
      condition.tell();
      launcher.prepare();
      link?.healthy();
    },
    onInterest: (interest) => {
      telemetry.setWatched(interest.telemetry);
      follower.setInterest(interest.runs);
    },
    onAuditHead: (text) => auditHeads.told(text),
    onCredit: (bytes) => follower.addCredit(bytes),
    onHistoryStored: (through) => feed.stored(through),
    onInput: (input) => inputs.take(input),
    onStatus: (status) => {
      if (status.state !== "online") {
        follower.reset(0);
        telemetry.setWatched(false);
        feed.disconnected();
      }
      link?.progress(`its journal was opened, and towards the relay: ${status.detail || status.state}`);
      writeBridgeState(data, { pid: process.pid, ...status, sinceMs: clock.nowMs() }, log);
      options.onStatus(status);
    },
    onFatal,
  });
  const tidy = () => {
    const nowMs = agreed.nowMs();
    if (nowMs === null) return;
    commits.commitLater(() => journal.forget(nowMs));
    commits.flush();
    cleanUpRuns({ data, isActive: (runId) => runner.isActive(runId), nowMs, log });
    kept.load();
  };

  const migrate = async () => {
    // Until then the version before may come back, which could not read it (PROTOCOL 9.6).
    await Promise.all([confirmed.promise, link?.confirmed]);
    if (!journal.isOlder) return;
    await commits.commit(() => journal.migrate());
    log.info("the journal was brought up to date; an older bridge cannot read it any more");
  };

  space.start();
  await recoverCommands({ journal, commits, runner, sealedParts, platformKeys: platformKeys.everTrusted, log });
  kept.load();
  makeRoom = () => kept.keepWithinBudget();
  onSpace = (isFull) => {
    condition.tell();
    if (!isFull) intake.roomAgain().catch(onFatal);
  };
  connection.start();
  migrate().catch(onFatal);
  telemetry.start();
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
      space.stop();
      telemetry.stop();
      feed.disconnected();
      connection.close();
      inputs.close();
      launcher.close();
      commits.flush();
      journal.close();
    },
  };
}

import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { importSigningKey, keyFingerprint } from "@quarterdeck/core/protocol/signing";
import { isAtLeast, type Version } from "@quarterdeck/core/protocol/version";
import { hourMs } from "@quarterdeck/core/units";
import { AgreedTime } from "./agreed-time.ts";
import { AuditHeads } from "./audit/audit-heads.ts";
import { bridgeSocketUrl } from "./addresses.ts";
import { writeBridgeState } from "./bridge-state.ts";
import { CommandIntake } from "./command-intake.ts";
import { Connection, type ConnectionStatus } from "./connection/connection.ts";
import type { DataDirectory } from "./data-directory.ts";
import { DiskSpace } from "./disk/disk-space.ts";
import { ToldCondition } from "./disk/told-condition.ts";
import type { DriverPreference } from "./drivers/choose-driver.ts";
import type { HostEvents } from "./host/execution-host.ts";
import { openHost } from "./host/open-host.ts";
import type { Identity } from "./identity.ts";
import { EvidenceTeller } from "./limits/evidence-teller.ts";
import { LeaseKeeper } from "./leases/lease-keeper.ts";
import { readUptimeMs } from "./leases/uptime.ts";
import { GroupCommit } from "./journal/group-commit.ts";
import { openJournal, putJournalAside } from "./journal/open-journal.ts";
import type { Log } from "./log.ts";
import { readCapabilities } from "./machine.ts";
import { LocalPolicy, type PolicyPlace } from "./policy/local-policy.ts";
import { narrowCapabilities } from "./policy/policy-report.ts";
import { recoverCommands } from "./recover-commands.ts";
import { cleanUpRuns } from "./runs/clean-up.ts";
import { KeptOutput } from "./runs/kept-output.ts";
import { OutputFollower } from "./runs/output-follower.ts";
import { ContentKeys } from "./sealing/content-keys.ts";
import { SealedParts } from "./verification/open-sealed-part.ts";
import { RunInputWriter } from "./runs/run-input-writer.ts";
import { RunInputs } from "./runs/run-inputs.ts";
import { runState } from "./runs/run-state.ts";
import { RunLedger } from "./runs/run-ledger.ts";
import { Runner } from "./runs/runner.ts";
import { systemClock } from "./system-clock.ts";
import { openTelemetry } from "./telemetry/open-telemetry.ts";
import type { LauncherLink } from "./update/launcher-link.ts";
import { Updater } from "./update/updater.ts";
import { identityKeys, PlatformKeys } from "./verification/platform-keys.ts";
import { bootId as readBootId } from "./wrapper/processes.ts";

export interface DaemonOptions {
  readonly data: DataDirectory;
  readonly identity: Identity;
  readonly log: Log;
  /** Who starts the runs instead of this process, and where its files are. */
  readonly helper?: { readonly socketPath: string; readonly path: string };
  /** The wrapper's bundle. */
  readonly wrapperScript: string;
  /** The owner's PATH. */
  readonly path: string | undefined;
  /** Where bubblewrap is, if it is not to be looked for. */
  readonly bubblewrap: string | undefined;
  readonly hidden: readonly string[];
  /** Whether workspaces get networks of their own. */
  readonly ownNetworks: boolean;
  readonly lifeline: string | null;
  readonly hasConsent: boolean;
  readonly driver: DriverPreference | null;
  /** The file with the owner's policy. */
  readonly policy: PolicyPlace;
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
  let spoken: Version | null = null;
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
  const policy = new LocalPolicy({ ...options.policy, log });
  // The host reads limits back at once, before there is somebody to tell.
  const early: LimitEvidence[] = [];
  let tellEvidence: HostEvents["onEvidence"] = (items) => early.push(...items);
  let onFacts: () => void = () => undefined;
  const [host, privateKey, fingerprint, sealedParts] = await Promise.all([
    openHost({
      ...options,
      policy,
      onEvidence: (items) => tellEvidence(items),
      onFacts: () => onFacts(),
    }),
    importSigningKey(identity.privateKeyPkcs8),
    keyFingerprint(identity.publicKey),
    SealedParts.with(identity.sealingKey),
  ]);
  const link = options.launcher;
  const hasLauncher = link !== null;
  const journal = openJournal(data.journalFile, { nowMs: clock.nowMs(), log, onFull: () => space.spend() });
  link?.progress("its journal was opened");
  const commits = new GroupCommit({ journal, onFailure: onFatal, onFull: () => space.spend() });
  const confirmed = Promise.withResolvers<void>();
  const onResult = () => connection.resultAdded();
  const ledger = new RunLedger({ journal, commits, privateKey, serverId: identity.serverId, clock, onResult });
  const contentKeys = new ContentKeys(data);
  const platformKeys = new PlatformKeys({
    store: identityKeys(data),
    onFull: () => space.spend(),
    onStatements: (statements) => host.keysChanged(statements),
  });
  const evidence = new EvidenceTeller({
    identity,
    driver: () => ({ name: host.facts.driver, limited: host.facts.limited }),
    privateKey,
    log,
    agreedMs: () => agreed.nowMs(),
    send: (text) => connection.send({ type: "evidence", ...text }),
  });
  tellEvidence = (items) => evidence.tell(items);
  evidence.tell(early);
  const runner = new Runner({
    host,
    updater: link && new Updater({ data, identity, platformKeys, link, onSwitched: options.onSwitched }),
    dataPath: data.path,
    ledger,
    contentKeys,
    bootId,
    confirmed: confirmed.promise,
    relayNowMs: () => agreed.relayNowMs(),
    onAttached: () => leases.attached(),
    speaks: (since) => spoken !== null && isAtLeast(spoken, since),
    log,
    onOutput: (runId) => {
      follower.changed(runId);
      if (runner.isActive(runId)) return;
      inputs.ended(runId);
      evidence.runEnded(runId);
      kept.ended(runId);
    },
    onFatal,
  });
  const leases = new LeaseKeeper({
    file: data.leaseFile,
    bootId,
    uptimeMs: readUptimeMs,
    attachedCount: () => runner.attachedCount,
    stopAttached: () => runner.stopAttached(),
    log,
  });
  const kept = new KeptOutput({
    host,
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
    policy,
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
  const follower = new OutputFollower({
    files: host.files,
    contentKeys,
    stateOf: (runId) =>
      runState(runId, { host, journal, isActive: (id) => runner.isActive(id), nowMs: () => agreed.nowMs() }),
    send: (frame) => connection.send(frame),
  });
  const inputs = new RunInputs({
    open: (runId) => RunInputWriter.open(host.files.run(runId), () => host.endInput(runId)),
    findOpener: (runId) => contentKeys.findInputOpener(runId),
    isActive: (runId) => runner.isActive(runId),
    send: (frame) => connection.send(frame),
    log,
  });
  const { telemetry, feed } = openTelemetry({
    data,
    host,
    activeRuns: () => runner.activeCount,
    connection: () => connection,
    log,
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
  const url = bridgeSocketUrl(identity.relayUrl, identity.serverId, identity.allowedAddress);
  const connection: Connection = new Connection({
    url,
    platformKeys,
    privateKey,
    self: () => ({
      serverId: identity.serverId,
      sessionId: journal.sessionId,
      bootId,
      capabilities: {
        ...narrowCapabilities(readCapabilities({ facts: host.facts, hasLauncher }), policy.path, policy.state),
        ...condition.forHello(),
      },
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
      spoken = welcome.protocol;
      if (isFirst) tidy();
      confirmed.resolve();
      follower.reset(welcome.credit.outputBytes);
      telemetry.setWatched(false);
      telemetry.connected();
      feed.connected();
      auditHeads.connected();
      evidence.connected();
      condition.tell();
      host.warmUp();
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
      if (status.state === "online") leases.connected();
      else leases.disconnected();
      if (status.state !== "online") {
        follower.reset(0);
        telemetry.setWatched(false);
        feed.disconnected();
        evidence.disconnected();
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
    cleanUpRuns({ data, host, isActive: (runId) => runner.isActive(runId), nowMs, log });
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
  await recoverCommands({
    journal,
    commits,
    runner,
    sealedParts,
    platformKeys: platformKeys.everTrusted,
    policy,
    log,
  });
  kept.load();
  makeRoom = () => kept.keepWithinBudget();
  onSpace = (isFull) => {
    condition.tell();
    if (!isFull) intake.roomAgain().catch(onFatal);
  };
  onFacts = () => connection.renew("what this server offers has changed");
  connection.start();
  migrate().catch(onFatal);
  telemetry.start();
  // A hello says what a bridge offers, so what the owner changed is told with the next one.
  const unwatchPolicy = policy.watch(() => connection.renew("the owner's policy changed"));
  const tidying = setInterval(tidy, hourMs);
  log.info("bridge is running", {
    serverId: identity.serverId,
    isolation: host.facts.isolation,
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
      evidence.disconnected();
      unwatchPolicy();
      leases.stop();
      space.stop();
      telemetry.stop();
      feed.disconnected();
      connection.close();
      inputs.close();
      host.close();
      commits.flush();
      journal.close();
    },
  };
}

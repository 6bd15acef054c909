import { accept } from "@quarterdeck/core/errors/result";
import type { RunId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import { importSigningKey, keyFingerprint } from "@quarterdeck/core/protocol/signing";
import type { Completion } from "../../../packages/bridge/src/actions/action-context.ts";
import { bridgeSocketUrl } from "../../../packages/bridge/src/addresses.ts";
import { CommandIntake } from "../../../packages/bridge/src/command-intake.ts";
import { Connection } from "../../../packages/bridge/src/connection/connection.ts";
import type { StreamFrame } from "../../../packages/bridge/src/connection/session/stream-frame.ts";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { type Identity, writeIdentity } from "../../../packages/bridge/src/identity.ts";
import type { HostCommand } from "../../../packages/bridge/src/host/execution-host.ts";
import { GroupCommit } from "../../../packages/bridge/src/journal/group-commit.ts";
import type { CommandRecord } from "../../../packages/bridge/src/journal/command-record.ts";
import { openJournal } from "../../../packages/bridge/src/journal/open-journal.ts";
import type { Log } from "../../../packages/bridge/src/log.ts";
import { ActiveRun } from "../../../packages/bridge/src/runs/active-run.ts";
import { OwnRunner } from "../../../packages/bridge/src/runs/own-run.ts";
import { RunCloser } from "../../../packages/bridge/src/runs/run-closer.ts";
import { RunLedger } from "../../../packages/bridge/src/runs/run-ledger.ts";
import { ContentKeys } from "../../../packages/bridge/src/sealing/content-keys.ts";
import { systemClock } from "../../../packages/bridge/src/system-clock.ts";
import { type OpenedPart, SealedParts } from "../../../packages/bridge/src/verification/open-sealed-part.ts";
import { identityKeys, PlatformKeys } from "../../../packages/bridge/src/verification/platform-keys.ts";

export interface BridgeEndOptions {
  readonly identity: Identity;
  /** Of its own: the identity, the journal and the runs are in it. */
  readonly folder: string;
  /** What every command does, instead of its action. */
  readonly act?: (command: Command) => Promise<Completion>;
  readonly onOnline?: () => void;
  readonly onOffline?: () => void;
  readonly onInterest?: (interest: Extract<RelayToBridge, { type: "interest" }>) => void;
  readonly onCredit?: (bytes: number) => void;
  readonly onInput?: (input: RunInput) => void;
  /** Commands came, and the journal has them durably. */
  readonly onCommands?: (step: "came" | "durable") => void;
  /** A result is durable in the journal; the relay says that it has results. */
  readonly onResult?: (step: "durable" | "stored") => void;
}

/** What the benches offer: so much that capacity never holds a run back. */
const capabilities = {
  bridgeVersion: "0.0.0",
  actions: ["exec"],
  features: bridgeFeatures,
  programs: ["true"],
  driver: "process",
  isolation: "hidden",
  capacity: { cpu: 2 ** 40, memory: 2 ** 50, runs: 2 ** 30 },
  host: { hostname: "bench", os: "bench", arch: "x64", kernel: "0" },
} as const;

const noOp = async (): Promise<Completion> => ({ verdict: "succeeded", code: null, message: null, repository: null });

function fail(error: unknown): never {
  throw error;
}

function makesNoRoom(): boolean {
  return false;
}

/**
 * A bridge without programs: the shipped connection, journal, intake, ledger and runner of own actions, put together as the
 * daemon does, with an action that is given.
 */
export class BridgeEnd {
  readonly #connection: Connection;
  readonly #close: () => void;

  private constructor(connection: Connection, close: () => void) {
    this.#connection = connection;
    this.#close = close;
  }

  static async open(options: BridgeEndOptions): Promise<BridgeEnd> {
    const { identity, onResult } = options;
    const { serverId } = identity;
    const clock = systemClock;
    const log: Log = { info() {}, warn() {}, error: (message, fields) => console.error(message, fields) };
    const [privateKey, fingerprint, sealedParts] = await Promise.all([
      importSigningKey(identity.privateKeyPkcs8),
      keyFingerprint(identity.publicKey),
      SealedParts.with(identity.sealingKey),
    ]);
    const data = DataDirectory.open(options.folder);
    writeIdentity(data, identity);
    const platformKeys = new PlatformKeys({ store: identityKeys(data), onFull: makesNoRoom });
    const contentKeys = new ContentKeys(data);
    const journal = openJournal(data.journalFile, { nowMs: clock.nowMs(), log, onFull: makesNoRoom });
    const commits = new GroupCommit({ journal, onFailure: fail, onFull: makesNoRoom });
    const resultAdded = () => {
      onResult?.("durable");
      connection.resultAdded();
    };
    const ledger = new RunLedger({ journal, commits, privateKey, serverId, clock, onResult: resultAdded });
    const closer = new RunCloser({ ledger, files: data, contentKeys, speaks: () => true, log });
    const act = options.act ?? noOp;
    const host = { runOwn: ({ command }: HostCommand) => act(command), cancel: () => undefined };
    const own = new OwnRunner({ host, updater: null, ledger, closer, contentKeys, log });
    const begin = (record: CommandRecord, command: Command, { opened }: { readonly opened: OpenedPart | null }) => {
      if (opened) contentKeys.begin(record.runId, opened.streamKey);
      const directory = data.run(record.runId);
      const { leaseOver: leaseOverFile } = directory;
      const run = new ActiveRun({ runId: record.runId, isDetached: true, leaseOverFile }, directory, host);
      const work = { command: command as HostCommand["command"], text: record.text, secretInput: {} };
      own.run(record, work, run).catch(fail);
    };
    const runner = { begin, cancel: (_runId: RunId) => false };
    const trusted = () => platformKeys.trusted;
    const policy = { judge: accept<Command> };
    const rules = { platformKeys: trusted, serverId, keyFingerprint: fingerprint, policy };
    const intake = new CommandIntake({
      journal,
      commits,
      runner,
      rules,
      sealedParts,
      privateKey,
      clock,
      log,
      onResult: resultAdded,
      space: { look: () => false },
      onLate: (through) => connection.journaled(through),
    });
    const connection = new Connection({
      url: bridgeSocketUrl(identity.relayUrl, serverId),
      platformKeys,
      privateKey,
      self: () => ({
        serverId,
        sessionId: journal.sessionId,
        bootId: "bench",
        capabilities: {
          ...capabilities,
          actions: [...capabilities.actions],
          features: [...capabilities.features],
          programs: [...capabilities.programs],
        },
        received: { commands: journal.receivedCommands() },
        keysVersion: platformKeys.version,
      }),
      counters: { takenCommands: journal.receivedCommands(), lastResult: journal.lastResult() },
      clock,
      log,
      async takeCommands(items) {
        options.onCommands?.("came");
        const through = await intake.take(items);
        options.onCommands?.("durable");
        return through;
      },
      dropHeld: () => intake.dropHeld(),
      lastResult: () => journal.lastResult(),
      readResults: (after, count) => journal.resultsAfter(after, count),
      resultsStored(through) {
        onResult?.("stored");
        commits.commitLater(() => journal.acknowledgeResults(through));
      },
      onOnline: () => options.onOnline?.(),
      onInterest: (interest) => options.onInterest?.(interest),
      onAuditHead: () => undefined,
      onCredit: (bytes) => options.onCredit?.(bytes),
      onInput: (input) => options.onInput?.(input),
      onHistoryStored: () => undefined,
      onOutdated: fail,
      onStatus: ({ state }) => state !== "online" && options.onOffline?.(),
      onFatal: fail,
    });
    connection.start();
    return new BridgeEnd(connection, () => {
      connection.close();
      commits.flush();
      journal.close();
    });
  }

  send(frame: StreamFrame): boolean {
    return this.#connection.send(frame);
  }

  close(): void {
    this.#close();
  }
}

import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import { importSigningKey, keyFingerprint } from "@quarterdeck/core/protocol/signing";
import type { Completion, WorkspaceCommand } from "../../../packages/bridge/src/actions/action-context.ts";
import { bridgeSocketUrl } from "../../../packages/bridge/src/addresses.ts";
import { CommandIntake } from "../../../packages/bridge/src/command-intake.ts";
import { Connection, type StreamFrame } from "../../../packages/bridge/src/connection/connection.ts";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { GroupCommit } from "../../../packages/bridge/src/journal/group-commit.ts";
import type { CommandRecord } from "../../../packages/bridge/src/journal/command-record.ts";
import { openJournal } from "../../../packages/bridge/src/journal/open-journal.ts";
import type { Log } from "../../../packages/bridge/src/log.ts";
import { ActiveRun } from "../../../packages/bridge/src/runs/active-run.ts";
import { OwnRunner } from "../../../packages/bridge/src/runs/own-run.ts";
import { RunCloser } from "../../../packages/bridge/src/runs/run-closer.ts";
import { RunLedger } from "../../../packages/bridge/src/runs/run-ledger.ts";
import { systemClock } from "../../../packages/bridge/src/system-clock.ts";

/** Who a server is, as its bridge's identity file says. */
export interface BridgeIdentity {
  readonly serverId: ServerId;
  readonly publicKey: string;
  readonly privateKeyPkcs8: string;
}

export interface BridgeEndOptions {
  readonly identity: BridgeIdentity;
  readonly platformKeys: readonly string[];
  readonly relayUrl: string;
  /** Of its own: the journal and the runs are in it. */
  readonly folder: string;
  /** What every command does, instead of its action. */
  readonly act?: (command: Command) => Promise<Completion>;
  readonly onOnline?: () => void;
  readonly onOffline?: () => void;
  readonly onInterest?: (interest: Extract<RelayToBridge, { type: "interest" }>) => void;
  readonly onCredit?: (bytes: number) => void;
  /** Commands came, and the journal has them durably. */
  readonly onCommands?: (step: "came" | "durable") => void;
  /** A result is durable in the journal; the relay says that it has results. */
  readonly onResult?: (step: "durable" | "stored") => void;
}

/** What the benches offer: so much that capacity never holds a run back. */
const capabilities = {
  bridgeVersion: "0.0.0",
  actions: ["exec"],
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
    const { identity, platformKeys, onResult } = options;
    const { serverId } = identity;
    const clock = systemClock;
    const log: Log = { info() {}, warn() {}, error: (message, fields) => console.error(message, fields) };
    const [privateKey, fingerprint] = await Promise.all([
      importSigningKey(identity.privateKeyPkcs8),
      keyFingerprint(identity.publicKey),
    ]);
    const data = DataDirectory.open(options.folder);
    const journal = openJournal(data.journalFile, clock.nowMs(), log);
    const commits = new GroupCommit(journal, fail);
    const resultAdded = () => {
      onResult?.("durable");
      connection.resultAdded();
    };
    const ledger = new RunLedger({ journal, commits, privateKey, serverId, clock, onResult: resultAdded });
    const closer = new RunCloser({ ledger, data, log });
    const sandbox = { isolation: "hidden", reason: null } as never;
    const own = new OwnRunner({ context: { data, sandbox, folders: [] }, ledger, closer, log });
    const begin = (record: CommandRecord, command: Command) => {
      const run = new ActiveRun(record.runId, data.run(record.runId), "bench");
      const act = options.act ?? noOp;
      const implementation = { kind: "own", run: (called: WorkspaceCommand) => act(called) } as const;
      own.run(record, command as WorkspaceCommand, { run, implementation }).catch(fail);
    };
    const runner = { begin, cancel: (_runId: RunId) => false };
    const rules = { platformKeys, serverId, keyFingerprint: fingerprint, programs: ["true"] };
    const intake = new CommandIntake({
      journal,
      commits,
      runner,
      rules,
      privateKey,
      clock,
      log,
      onResult: resultAdded,
    });
    const connection = new Connection({
      url: bridgeSocketUrl(options.relayUrl, serverId),
      platformKeys,
      privateKey,
      self: () => ({
        serverId,
        sessionId: journal.sessionId,
        bootId: "bench",
        capabilities: { ...capabilities, actions: [...capabilities.actions], programs: [...capabilities.programs] },
        received: { commands: journal.receivedCommands() },
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
      readResults: (after, count) => journal.resultsAfter(after, count),
      resultsStored(through) {
        onResult?.("stored");
        commits.commitLater(() => journal.acknowledgeResults(through));
      },
      onOnline: () => options.onOnline?.(),
      onInterest: (interest) => options.onInterest?.(interest),
      onCredit: (bytes) => options.onCredit?.(bytes),
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

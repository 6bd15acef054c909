import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { rememberMs, type CommandRecord } from "./journal/command-record.ts";
import type { GroupCommit } from "./journal/group-commit.ts";
import type { DamagedRow, Journal } from "./journal/journal.ts";
import type { Log } from "./log.ts";
import type { LocalPolicy } from "./policy/local-policy.ts";
import type { SealedParts } from "./verification/open-sealed-part.ts";
import { readUnverifiedIds } from "./verification/unverified-ids.ts";
import type { Runner } from "./runs/runner.ts";

interface RecoveryOptions {
  readonly journal: Journal;
  readonly commits: GroupCommit;
  readonly runner: Runner;
  readonly sealedParts: SealedParts;
  readonly platformKeys: readonly string[];
  readonly policy: Pick<LocalPolicy, "judge">;
  readonly log: Log;
}

/** Takes up again, after a start, every command that has no result yet. */
export async function recoverCommands(options: RecoveryOptions): Promise<void> {
  const { journal, platformKeys } = options;
  const { sound, damaged } = journal.unfinished();
  for (const record of sound) {
    const { signed, signature } = record.text;
    const command = await openSigned({ signed, signature }, commandOf(platformKeys));
    if (command.ok) await takeUp(record, command.value, options);
    else await endUnreadable(record, options);
  }
  for (const row of damaged) await endDamaged(row, options);
}

/** The journal keeps what the platform sealed as it came, so it is opened once more. */
async function takeUp(record: CommandRecord, command: Command, options: RecoveryOptions): Promise<void> {
  const { journal, runner, sealedParts, policy, log } = options;
  const part = await sealedParts.open(command, record.text);
  if (!part.ok) {
    const { commandId } = record;
    log.error("the sealed part of a journaled command cannot be opened", { commandId, ...part.error });
  }
  // What the owner forbade meanwhile is not started any more.
  const judged = policy.judge(command);
  runner.begin(record, judged.ok ? judged.value : command, {
    opened: part.ok ? part.value : null,
    refusal: part.ok ? (judged.ok ? null : judged.error) : part.error,
    isCancelled: journal.isBuried(record.runId),
    isRecovered: true,
  });
}

/** No key that this bridge ever trusted signed it, so what it says is not carried out. It names its run. */
async function endUnreadable(record: CommandRecord, { runner, log }: RecoveryOptions): Promise<void> {
  const { commandId, runId } = record;
  const ids = readUnverifiedIds(record.text);
  log.error("a journaled command cannot be read and is not run", { commandId, runId, isNamed: ids !== undefined });
  if (ids) await runner.endDamaged(record, ids);
}

function commandOf(keys: readonly string[]) {
  return { keys, domain: "command", schema: commandSchema } as const;
}

/** What a damaged row says is not believed; only the signed text in it, if its signature still holds, names the run. */
async function endDamaged(
  { commandId, text }: DamagedRow,
  { journal, commits, runner, platformKeys, log }: RecoveryOptions,
): Promise<void> {
  log.error("a journal row is damaged; its command is not started", { commandId });
  const opened = await openSigned(text, commandOf(platformKeys));
  await commits.commit(() => journal.remove(commandId));
  if (!opened.ok) return;
  const command = opened.value;
  const record: CommandRecord = {
    commandId: command.commandId,
    runId: command.runId,
    text,
    effect: command.effect,
    state: "STARTED",
    bootId: null,
    reruns: 0,
    receivedAtMs: command.notBeforeMs,
    forgetAtMs: command.expiresAtMs + rememberMs,
  };
  await runner.endDamaged(record, command);
}

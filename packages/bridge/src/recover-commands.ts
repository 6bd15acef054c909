import { accept, type Result } from "@quarterdeck/core/errors/result";
import { commandSchema, type Command, type CommandText } from "@quarterdeck/core/protocol/command";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { minuteMs } from "@quarterdeck/core/units";
import type { CommandRecord } from "./journal/command-record.ts";
import type { GroupCommit } from "./journal/group-commit.ts";
import type { DamagedRow, Journal } from "./journal/journal.ts";
import type { Log } from "./log.ts";
import type { OpenedPart, SealedParts } from "./verification/open-sealed-part.ts";
import type { Runner } from "./runs/runner.ts";

interface RecoveryOptions {
  readonly journal: Journal;
  readonly commits: GroupCommit;
  readonly runner: Runner;
  readonly sealedParts: SealedParts;
  readonly platformKeys: readonly string[];
  readonly log: Log;
}

/** Takes up again, after a start, every command that has no result yet. */
export async function recoverCommands(options: RecoveryOptions): Promise<void> {
  const { journal, runner, log } = options;
  const { sound, damaged } = journal.unfinished();
  for (const record of sound) {
    const opened = await reopen(record.text, options);
    if (opened.ok) {
      const { command, part } = opened.value;
      const isCancelled = journal.isBuried(record.runId);
      runner.begin(record, command, { opened: part, isCancelled, isRecovered: true });
    } else
      log.error("a journaled command cannot be read and is not run", {
        commandId: record.commandId,
        reason: opened.error.message,
      });
  }
  for (const row of damaged) await endDamaged(row, options);
}

/** The journal keeps what the platform sealed as it came, so it is opened once more. */
async function reopen(
  text: CommandText,
  { platformKeys, sealedParts }: RecoveryOptions,
): Promise<Result<{ command: Command; part: OpenedPart | null }>> {
  const { signed, signature } = text;
  const command = await openSigned({ signed, signature }, commandOf(platformKeys));
  if (!command.ok) return command;
  const part = await sealedParts.open(command.value, text);
  if (!part.ok) return part;
  return accept({ command: command.value, part: part.value });
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
    forgetAtMs: command.expiresAtMs + 24 * 60 * minuteMs,
  };
  await runner.endDamaged(record, command);
}

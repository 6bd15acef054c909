import { commandSchema } from "@quarterdeck/core/protocol/command";
import { openSigned } from "@quarterdeck/core/protocol/signing";
import { minuteMs } from "@quarterdeck/core/units";
import type { CommandRecord } from "./journal/command-record.ts";
import type { GroupCommit } from "./journal/group-commit.ts";
import type { DamagedRow, Journal } from "./journal/journal.ts";
import type { Log } from "./log.ts";
import type { Runner } from "./runs/runner.ts";

interface RecoveryOptions {
  readonly journal: Journal;
  readonly commits: GroupCommit;
  readonly runner: Runner;
  readonly platformKeys: readonly string[];
  readonly log: Log;
}

/** Takes up again, after a start, every command that has no result yet. */
export async function recoverCommands(options: RecoveryOptions): Promise<void> {
  const { journal, runner, platformKeys, log } = options;
  const { sound, damaged } = journal.unfinished();
  for (const record of sound) {
    const opened = await openSigned(record.text, { keys: platformKeys, domain: "command", schema: commandSchema });
    if (opened.ok)
      runner.begin(record, opened.value, { isCancelled: journal.isBuried(record.runId), isRecovered: true });
    else
      log.error("a journaled command cannot be read and is not run", {
        commandId: record.commandId,
        reason: opened.error.message,
      });
  }
  for (const row of damaged) await endDamaged(row, options);
}

/** What a damaged row says is not believed; only the signed text in it, if its signature still holds, names the run. */
async function endDamaged(
  { commandId, text }: DamagedRow,
  { journal, commits, runner, platformKeys, log }: RecoveryOptions,
): Promise<void> {
  log.error("a journal row is damaged; its command is not started", { commandId });
  const opened = await openSigned(text, { keys: platformKeys, domain: "command", schema: commandSchema });
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

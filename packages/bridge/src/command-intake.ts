import { actions, findAction, type Effect } from "@quarterdeck/core/actions/catalogue";
import type { Clock } from "@quarterdeck/core/clock";
import { accept, type Refusal, type Result } from "@quarterdeck/core/errors/result";
import type { CommandConflict } from "@quarterdeck/core/protocol/result";
import { signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
import { isWithdrawn } from "@quarterdeck/core/protocol/withdrawn-command";
import type { CommandItem } from "./connection/session/session-events.ts";
import { rememberMs, type CommandRecord } from "./journal/command-record.ts";
import type { DiskSpace } from "./disk/disk-space.ts";
import type { GroupCommit } from "./journal/group-commit.ts";
import type { Journal } from "./journal/journal.ts";
import type { Log } from "./log.ts";
import { finishedResult } from "./runs/finished-result.ts";
import type { Runner } from "./runs/runner.ts";
import type { OpenedPart, SealedParts } from "./verification/open-sealed-part.ts";
import { readUnverifiedIds, type RefusedIds } from "./verification/unverified-ids.ts";
import { verifyCommand, type VerificationRules } from "./verification/verify-command.ts";

interface IntakeOptions {
  readonly journal: Journal;
  readonly commits: GroupCommit;
  readonly runner: Pick<Runner, "begin" | "cancel">;
  readonly rules: VerificationRules;
  readonly sealedParts: SealedParts;
  readonly privateKey: CryptoKey;
  readonly clock: Clock;
  readonly log: Log;
  readonly onResult: () => void;
  readonly space: Pick<DiskSpace, "look">;
  /** Commands that were held for want of room are durable now. */
  readonly onLate: (through: number) => void;
}

interface AcceptedCommand {
  readonly command: Command;
  readonly text: CommandText;
  readonly opened: OpenedPart | null;
}

type Verdict =
  | { readonly kind: "accepted"; readonly accepted: AcceptedCommand }
  | {
      readonly kind: "refused";
      readonly refusal: Refusal;
      readonly ids: RefusedIds | undefined;
      readonly text: CommandText;
      readonly signed: SignedText | undefined;
    };

/** Takes commands in: decides about each, makes the decision durable, and only then starts what is to be started. */
export class CommandIntake {
  readonly #options: IntakeOptions;
  /** What came while the disk was full. The relay's window bounds it. */
  #held: CommandItem[] = [];
  #isHolding = false;
  #late: Promise<void> = Promise.resolve();

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * Takes commands in their order. On a full disk they are held, and only what cancels a run has its effect at once.
   *
   * @returns the number up to which every command is durable, so that it may be acknowledged
   */
  async take(items: readonly CommandItem[]): Promise<number> {
    const { journal, space, log } = this.#options;
    if (items.length === 0) return journal.receivedCommands();
    if (!this.#isHolding && !space.look()) return this.#journalize(items);
    this.#isHolding = true;
    this.#held.push(...items);
    log.warn("commands are held until the disk has room", { through: items.at(-1)?.seq });
    await this.#cancelAtOnce(items);
    return journal.receivedCommands();
  }

  /** The disk has room again: takes what was held. */
  roomAgain(): Promise<void> {
    this.#late = this.#late.then(() => this.#takeHeld());
    return this.#late;
  }

  /**
   * Forgets what is held: the relay may take it back before it sends it again (PROTOCOL 4.11). Its cancels have had their effect.
   *
   * @returns whether there was something, when whatever is not forgotten is durable
   */
  async dropHeld(): Promise<boolean> {
    const hadSome = this.#held.length > 0;
    this.#held = [];
    await this.#late;
    return hadSome;
  }

  async #takeHeld(): Promise<void> {
    while (this.#held.length > 0) {
      const items = this.#held;
      this.#held = [];
      this.#options.onLate(await this.#journalize(items));
    }
    this.#isHolding = false;
  }

  async #cancelAtOnce(items: readonly CommandItem[]): Promise<void> {
    const { rules, clock, runner } = this.#options;
    for (const { signed, signature } of items) {
      const checked = await verifyCommand({ signed, signature }, rules, clock.nowMs());
      if (checked.ok && checked.value.action === "task.cancel")
        runner.cancel(actions["task.cancel"].params.parse(checked.value.params).runId);
    }
  }

  async #journalize(items: readonly CommandItem[]): Promise<number> {
    const { journal, commits } = this.#options;
    const commands = items.filter((item) => !isWithdrawn(item)); // The others only fill their numbers.
    const verdicts = await Promise.all(
      commands.map(({ signed, signature, sealed }) => this.#judge({ signed, signature, sealed })),
    );
    const through = Math.max(...items.map(({ seq }) => seq));
    let afterwards: (() => void)[] = [];
    let conflicts: CommandConflict[] = [];
    await commits.commit(() => {
      conflicts = [];
      afterwards = verdicts.flatMap((verdict) => this.#record(verdict, conflicts) ?? []);
      if (conflicts.length === 0) journal.setReceivedCommands(through);
    });
    for (const act of afterwards) act();
    if (conflicts.length > 0) await this.#report(conflicts, through);
    return through;
  }

  /** The commands are not acknowledged before this is durable: after a crash they come again, and so do their conflicts. */
  async #report(conflicts: readonly CommandConflict[], through: number): Promise<void> {
    const { journal, commits, privateKey, onResult } = this.#options;
    const results = await Promise.all(
      conflicts.map(async (conflict) => ({
        commandId: conflict.commandId,
        signed: await signText(privateKey, "result", JSON.stringify(conflict)),
      })),
    );
    await commits.commit(() => {
      for (const { commandId, signed } of results) journal.addResult(commandId, signed, false);
      journal.setReceivedCommands(through);
    });
    onResult();
  }

  async #judge(text: CommandText): Promise<Verdict> {
    const checked = await this.#check(text);
    if (checked.ok) return { kind: "accepted", accepted: checked.value };
    const ids = readUnverifiedIds(text);
    return {
      kind: "refused",
      refusal: checked.error,
      ids,
      text,
      signed: ids && (await this.#signRefusal(ids, checked.error)),
    };
  }

  async #check(text: CommandText): Promise<Result<AcceptedCommand>> {
    const { rules, sealedParts, clock } = this.#options;
    const command = await verifyCommand(text, rules, clock.nowMs());
    if (!command.ok) return command;
    const opened = await sealedParts.open(command.value, text);
    return opened.ok ? accept({ command: command.value, text, opened: opened.value }) : opened;
  }

  #signRefusal(ids: RefusedIds, refusal: Refusal): Promise<SignedText> {
    const result = finishedResult({
      ids,
      serverId: this.#options.rules.serverId,
      completion: { verdict: "refused", code: refusal.code, message: refusal.message, repository: null },
      times: { startedAtMs: null, finishedAtMs: this.#options.clock.nowMs(), durationMs: 0 },
      output: { bytes: 0, tail: Buffer.alloc(0) },
    });
    return signText(this.#options.privateKey, "result", JSON.stringify(result));
  }

  /** Inside the transaction. Returns what to do when it is durable. */
  #record(verdict: Verdict, conflicts: CommandConflict[]): (() => void) | undefined {
    return verdict.kind === "accepted" ? this.#accept(verdict.accepted, conflicts) : this.#refuse(verdict);
  }

  #accept({ command, text, opened }: AcceptedCommand, conflicts: CommandConflict[]): (() => void) | undefined {
    const { journal, log, runner, clock } = this.#options;
    // The times of a cancel were not checked.
    if (command.action !== "task.cancel") journal.notePlatformTime(command.notBeforeMs);
    const known = journal.find(command.commandId);
    if (known) {
      const isSame = known.record.text.signed === text.signed && known.record.text.sealed === text.sealed;
      if (isSame) log.info("a command came again and is not run again", { commandId: command.commandId });
      else conflicts.push(this.#conflict(command, "command"));
      return undefined;
    }
    const forgetAtMs = Math.max(command.expiresAtMs, clock.nowMs()) + rememberMs;
    if (command.action === "task.cancel") {
      const { runId } = actions["task.cancel"].params.parse(command.params);
      // Durable, so that it holds for a run that is not here yet and after a crash. Doing it again changes nothing.
      if (!journal.isRunEnded(runId)) journal.buryRun(runId, forgetAtMs);
      return () => log.info("cancel", { runId, wasActive: runner.cancel(runId) });
    }
    const record = newRecord({ command, text, effect: command.effect, receivedAtMs: clock.nowMs(), forgetAtMs });
    if (journal.knowsRun(command.runId)) {
      conflicts.push(this.#conflict(command, "run"));
      return undefined;
    }
    journal.save(record);
    const isCancelled = journal.isBuried(command.runId);
    return () => runner.begin(record, command, { opened, isCancelled });
  }

  /** The run that is known keeps its own result; what this says goes to the platform beside it. */
  #conflict({ commandId, runId, taskId, attempt }: Command, known: CommandConflict["known"]): CommandConflict {
    const { rules, clock, log } = this.#options;
    log.error("a command was refused: its id, or its run's, is known with other content", {
      code: "COMMAND_CONFLICT",
      known,
      commandId,
      runId,
    });
    const { serverId } = rules;
    return { v: 1, serverId, commandId, runId, taskId, attempt, kind: "conflict", known, atMs: clock.nowMs() };
  }

  #refuse({ refusal, ids, text, signed }: Extract<Verdict, { kind: "refused" }>): (() => void) | undefined {
    const { journal, log, clock, onResult } = this.#options;
    log.error("a command was refused", {
      code: refusal.code,
      reason: refusal.message,
      commandId: ids?.commandId,
      runId: ids?.runId,
    });
    // Nobody vouches for these ids: a run that is known here keeps its own, true result.
    if (!ids || !signed || journal.find(ids.commandId) || journal.knowsRun(ids.runId) || ids.action === "task.cancel")
      return undefined;
    const nowMs = clock.nowMs();
    // Journaled as done: what was refused stays refused, whatever comes under these ids later.
    const effect = findAction(ids.action)?.effect ?? "once";
    const record = newRecord({ command: ids, text, effect, receivedAtMs: nowMs, forgetAtMs: nowMs + 2 * rememberMs });
    journal.save({ ...record, state: "DONE" });
    journal.addResult(ids.commandId, signed, true);
    return onResult;
  }
}

interface RecordParts {
  readonly command: Pick<Command, "commandId" | "runId">;
  readonly text: CommandText;
  readonly effect: Effect;
  readonly receivedAtMs: number;
  readonly forgetAtMs: number;
}

function newRecord({ command, text, effect, receivedAtMs, forgetAtMs }: RecordParts): CommandRecord {
  const { commandId, runId } = command;
  return { commandId, runId, text, effect, state: "RECEIVED", bootId: null, reruns: 0, receivedAtMs, forgetAtMs };
}

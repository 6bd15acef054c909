import { implementations } from "../actions/implementations.ts";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { commandSchema } from "@quarterdeck/core/protocol/command";
import type { HostCommand } from "../host/execution-host.ts";
import type { SealedParts } from "../verification/open-sealed-part.ts";
import { readUnverifiedIds } from "../verification/unverified-ids.ts";
import { verifyCommand, type VerificationRules } from "../verification/verify-command.ts";
import { HostRefused, refuseHost } from "../host/host-refused.ts";
import type { RunMemory } from "./run-memory.ts";

interface CommandGateOptions {
  readonly rules: VerificationRules;
  readonly sealedParts: SealedParts;
  readonly memory: RunMemory;
  readonly nowMs: () => number;
}

/** Lets through only what the platform signed for this server, what its owner's policy allows, and each run under one command. */
export class CommandGate {
  readonly #options: CommandGateOptions;

  constructor(options: CommandGateOptions) {
    this.#options = options;
  }

  /**
   * Verifies a command and remembers its run. One that is remembered was verified when it came first: its time may have run out
   * since.
   *
   * @throws HostRefused
   */
  async admit(text: CommandText): Promise<HostCommand> {
    const { memory, sealedParts } = this.#options;
    const claimed = readUnverifiedIds(text);
    const known = claimed && memory.find(claimed.runId);
    if (known?.isForgotten) refuseHost("CONFLICT", "The run is over, and its files were removed.");
    const isKnown = known !== undefined && isSameText(known.text, text);
    const command = isKnown ? this.#judge(this.read(known.text)) : await this.#verify(text, known !== undefined);
    const opened = await sealedParts.open(command, text);
    if (!opened.ok) throw new HostRefused(opened.error);
    if (!isKnown) memory.remember(command, text);
    return { command, text, secretInput: opened.value?.secretInput ?? {} };
  }

  /** A command that was verified before it was remembered. */
  read(text: CommandText): WorkspaceCommand {
    return commandSchema.parse(JSON.parse(text.signed)) as WorkspaceCommand;
  }

  /** The owner may have changed the policy since it was verified. */
  #judge(command: WorkspaceCommand): WorkspaceCommand {
    const judged = this.#options.rules.policy.judge(command);
    if (!judged.ok) throw new HostRefused(judged.error);
    return judged.value as WorkspaceCommand;
  }

  async #verify({ signed, signature }: CommandText, isRunKnown: boolean): Promise<WorkspaceCommand> {
    const { rules, memory, nowMs } = this.#options;
    const verified = await verifyCommand({ signed, signature }, rules, nowMs());
    if (!verified.ok) throw new HostRefused(verified.error);
    const command = verified.value;
    if (!Object.hasOwn(implementations, command.action))
      refuseHost("COMMAND_UNSUPPORTED", `${command.action} is nothing that the helper does.`);
    if (isRunKnown) refuseHost("COMMAND_CONFLICT", "Its run is known with another command.");
    if (memory.isTooOld(command))
      refuseHost(
        "COMMAND_EXPIRED",
        "It is older than what the helper remembers, so it may have been carried out before.",
      );
    return command as WorkspaceCommand;
  }
}

function isSameText(a: CommandText, b: CommandText): boolean {
  return a.signed === b.signed && a.signature === b.signature && a.sealed === b.sealed;
}

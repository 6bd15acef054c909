import { implementations } from "../actions/implementations.ts";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import { commandSchema, type Command, type CommandText } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
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
   * Verifies a command and remembers its run. Once it was launched its time may run out: what was begun may be taken up again.
   * Until then it is verified each time, so that nobody keeps a command for later.
   *
   * @throws HostRefused
   */
  async admit(text: CommandText): Promise<HostCommand> {
    const { memory, sealedParts } = this.#options;
    const claimed = readUnverifiedIds(text);
    const known = claimed && memory.find(claimed.runId);
    if (known?.isForgotten) refuseHost("CONFLICT", "The run is over, and its files were removed.");
    if (known && !isSameText(known.text, text)) return this.#refuseOther(text);
    const command = known && known.launches > 0 ? this.#judge(this.read(known.text)) : await this.#verify(text);
    const opened = await sealedParts.open(command, text);
    if (!opened.ok) throw new HostRefused(opened.error);
    if (!known) {
      if (memory.isTooOld(command))
        refuseHost(
          "COMMAND_EXPIRED",
          "It is older than what the helper remembers, so it may have been carried out before.",
        );
      memory.remember(command, text);
    }
    return { command, text, secretInput: opened.value?.secretInput ?? {} };
  }

  /** Whether a command that was let through before may still be begun. */
  isInTime({ expiresAtMs }: Pick<Command, "expiresAtMs">): boolean {
    return this.#options.nowMs() <= expiresAtMs + limits.clockSkewMs;
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

  /** Only of what the platform signed it is said that it is another command. */
  async #refuseOther(text: CommandText): Promise<never> {
    await this.#verify(text);
    return refuseHost("COMMAND_CONFLICT", "Its run is known with another command.");
  }

  async #verify({ signed, signature }: CommandText): Promise<WorkspaceCommand> {
    const { rules, nowMs } = this.#options;
    const verified = await verifyCommand({ signed, signature }, rules, nowMs());
    if (!verified.ok) throw new HostRefused(verified.error);
    const command = verified.value;
    if (!Object.hasOwn(implementations, command.action))
      refuseHost("COMMAND_UNSUPPORTED", `${command.action} is nothing that the helper does.`);
    return command as WorkspaceCommand;
  }
}

function isSameText(a: CommandText, b: CommandText): boolean {
  return a.signed === b.signed && a.signature === b.signature && a.sealed === b.sealed;
}

import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import { worksOnBridge } from "@quarterdeck/core/actions/catalogue";
import { takesSecretInput, type SecretInput } from "@quarterdeck/core/actions/secret-input";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
import { importSealingKey, type SealingKey, type StoredSealingKey } from "@quarterdeck/core/protocol/hpke";
import type { StreamKey } from "@quarterdeck/core/protocol/run-key";
import { contentOwner, openSecretInput, openStreamKey, splitSealedPart } from "@quarterdeck/core/protocol/sealed-part";
import { sha256Base64Url } from "@quarterdeck/core/protocol/signing";

/** What the sealed part of a command held. It is kept in memory only. */
export interface OpenedPart {
  readonly streamKey: StreamKey;
  readonly secretInput: SecretInput;
}

const keptKeys = 256;

/** Opens the sealed parts of commands with this bridge's key. */
export class SealedParts {
  readonly #key: SealingKey;
  /** A project's commands bring the same sealed stream key until the next epoch, and opening takes its time. */
  readonly #streamKeys = new Map<string, StreamKey>();

  private constructor(key: SealingKey) {
    this.#key = key;
  }

  static async with(key: StoredSealingKey): Promise<SealedParts> {
    return new SealedParts(await importSealingKey(key));
  }

  /**
   * Opens what came with a verified command (PROTOCOL 10.2).
   *
   * @returns the content, `null` where the command has none and needs none, or `SEALED_PART_INVALID`
   */
  async open(command: Command, { sealed }: Pick<CommandText, "sealed">): Promise<Result<OpenedPart | null>> {
    if (worksOnBridge(command.action)) return sealed === null && command.sealedHash === null ? accept(null) : wrong();
    if (sealed === null || command.sealedHash !== (await sha256Base64Url(sealed))) return wrong();
    const parts = splitSealedPart(sealed);
    const streamKey = await this.#openStreamKey(parts.streamKey, command);
    if (!streamKey.ok) return streamKey;
    if (parts.secretInput === null) return accept({ streamKey: streamKey.value, secretInput: {} });
    const secretInput = await openSecretInput(parts.secretInput, this.#key, command);
    if (!secretInput.ok) return secretInput;
    if (!takesSecretInput(command.action))
      return refuse("COMMAND_INVALID", `${command.action} takes no environment and no standard input.`);
    if (secretInput.value.stdin !== undefined && command.params["input"] === true)
      return refuse("COMMAND_INVALID", "A run has one standard input: what the task brings, or what is typed into it.");
    return accept({ streamKey: streamKey.value, secretInput: secretInput.value });
  }

  async #openStreamKey(sealed: string, command: Command): Promise<Result<StreamKey>> {
    const name = `${contentOwner(command)} ${sealed}`;
    const known = this.#streamKeys.get(name);
    if (known) return accept(known);
    const opened = await openStreamKey(sealed, this.#key, command);
    if (!opened.ok) return opened;
    const [oldest] = this.#streamKeys.keys();
    if (oldest !== undefined && this.#streamKeys.size >= keptKeys) this.#streamKeys.delete(oldest);
    this.#streamKeys.set(name, opened.value);
    return opened;
  }
}

function wrong(): Result<never> {
  return refuse("SEALED_PART_INVALID", "The sealed part that came with the command is not the one it was signed with.");
}

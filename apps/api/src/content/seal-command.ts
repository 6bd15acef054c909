import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Command } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { joinSealedPart, sealSecretInput, sealStreamKey } from "@quarterdeck/core/protocol/sealed-part";
import type { TenantScope } from "../auth/scope.ts";
import type { ContentOwner } from "./stream-key-repo.ts";
import type { StreamKeys } from "./stream-keys.ts";

type Ids = Pick<Command, "serverId" | "commandId" | "runId" | "attempt" | "projectId" | "workspaceId">;

interface SealingRequest {
  readonly ids: Ids;
  readonly ownerId: ContentOwner;
  /** The bridge's X25519 key. */
  readonly sealingKey: string;
  readonly secretInput: SecretInput | null;
}

const keptTexts = 4096;

/** Makes the sealed parts of commands (PROTOCOL 10.1). */
export class CommandSealer {
  readonly #streamKeys: StreamKeys;
  /** Sealed stream keys: the same text serves every command of an owner until the next epoch, and making it takes its time. */
  readonly #texts = new Map<string, string>();

  constructor(streamKeys: StreamKeys) {
    this.#streamKeys = streamKeys;
  }

  /** @throws QuarterdeckError when the secret input is too large to travel */
  async seal(scope: TenantScope, { ids, ownerId, sealingKey, secretInput }: SealingRequest): Promise<string> {
    const [streamKey, input] = await Promise.all([
      this.#streamKeyFor(scope, { ids, ownerId, sealingKey }),
      secretInput === null ? null : sealSecretInput(secretInput, sealingKey, ids),
    ]);
    const sealed = joinSealedPart({ streamKey, secretInput: input });
    if (sealed.length <= limits.sealedPartLength) return sealed;
    throw new QuarterdeckError(
      "TOO_LARGE",
      "The task's environment and standard input are too large. Put long input into a file of the project.",
    );
  }

  async #streamKeyFor(
    scope: TenantScope,
    { ids, ownerId, sealingKey }: Omit<SealingRequest, "secretInput">,
  ): Promise<string> {
    const streamKey = await this.#streamKeys.newest(scope, ownerId);
    const name = [sealingKey, ids.serverId, ownerId, streamKey.epoch].join(" ");
    const known = this.#texts.get(name);
    if (known !== undefined) return known;
    const text = await sealStreamKey(streamKey, sealingKey, ids);
    const [oldest] = this.#texts.keys();
    if (oldest !== undefined && this.#texts.size >= keptTexts) this.#texts.delete(oldest);
    this.#texts.set(name, text);
    return text;
  }
}

import type { Result } from "@quarterdeck/core/errors/result";
import { advanceKeySet, droppedKeys, trustedKeys, type KeySet } from "@quarterdeck/core/protocol/key-set";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { DataDirectory } from "../data-directory.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import { readIdentity, writeIdentity, type Identity } from "../identity.ts";

/** The newest of the keys that are not trusted any more; a run of one that is older has ended long ago. */
const keptFormerKeys = 64;

/** Whose signatures count on this server. Pinned when it enrolled; only statements of the platform change it (PROTOCOL 14). */
export class PlatformKeys {
  readonly #data: DataDirectory;
  readonly #onFull: () => boolean;
  #set: KeySet;
  #former: readonly string[];

  /** @param onFull the disk is full; answers whether it made room */
  constructor(data: DataDirectory, onFull: () => boolean) {
    this.#data = data;
    this.#onFull = onFull;
    const { platformKeys, formerPlatformKeys } = readIdentity(data);
    this.#set = platformKeys;
    this.#former = formerPlatformKeys;
  }

  get version(): number {
    return this.#set.version;
  }

  /** The keys that may have signed what comes now. */
  get trusted(): readonly string[] {
    return trustedKeys(this.#set);
  }

  /** The keys that may have signed what was accepted before and is in the journal: it is taken up again all the same. */
  get everTrusted(): readonly string[] {
    return [...this.trusted, ...this.#former];
  }

  /**
   * Takes what the platform says about its keys; it holds once this returns, and is durable. Call it again only then.
   *
   * @returns whether a key that was trusted was revoked; or why the statements do not count, and then nothing changed
   */
  async take(statements: readonly SignedText[]): Promise<Result<{ readonly hasRevoked: boolean }>> {
    const advanced = await advanceKeySet(this.#set, statements);
    if (!advanced.ok) return advanced;
    const next = advanced.value;
    const dropped = droppedKeys(this.#set, next);
    if (next.version > this.#set.version) {
      const former = [...this.#former, ...dropped].slice(-keptFormerKeys);
      this.#write({ ...readIdentity(this.#data), platformKeys: next, formerPlatformKeys: former });
      this.#former = former;
      this.#set = next;
    }
    return { ok: true, value: { hasRevoked: dropped.some((key) => next.revoked.includes(key)) } };
  }

  /** A revocation waits for no disk: that is what room is held back for. */
  #write(identity: Identity): void {
    try {
      writeIdentity(this.#data, identity);
    } catch (error) {
      if (!isDiskFull(error) || !this.#onFull()) throw error;
      writeIdentity(this.#data, identity);
    }
  }
}

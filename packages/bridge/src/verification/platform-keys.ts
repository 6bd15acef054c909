import type { Result } from "@quarterdeck/core/errors/result";
import { advanceKeySet, droppedKeys, trustedKeys, type KeySet } from "@quarterdeck/core/protocol/key-set";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { DataDirectory } from "../data-directory.ts";
import { isDiskFull } from "../disk/disk-full.ts";
import { readIdentity, writeIdentity } from "../identity.ts";

/** The newest of the keys that are not trusted any more; a run of one that is older has ended long ago. */
const keptFormerKeys = 64;

/** What is known of the platform's keys: those that count now, and those that did once, newest last. */
export interface PinnedKeys {
  readonly platformKeys: KeySet;
  readonly formerPlatformKeys: readonly string[];
}

/** Where they are kept. Writing is durable. */
export interface KeyStore {
  read(): PinnedKeys;
  write(keys: PinnedKeys): void;
}

/** In the identity of a bridge. */
export function identityKeys(data: DataDirectory): KeyStore {
  return {
    read: () => readIdentity(data),
    write: ({ platformKeys, formerPlatformKeys }) =>
      writeIdentity(data, { ...readIdentity(data), platformKeys, formerPlatformKeys: [...formerPlatformKeys] }),
  };
}

interface PlatformKeysOptions {
  readonly store: KeyStore;
  /** The disk is full; answers whether it made room. */
  readonly onFull: () => boolean;
  /** Statements count, and are about to be durable here. */
  readonly onStatements?: (statements: readonly SignedText[]) => void;
}

/** Whose signatures count on this server. Pinned when it enrolled; only statements of the platform change it (PROTOCOL 14). */
export class PlatformKeys {
  readonly #options: PlatformKeysOptions;
  #set: KeySet;
  #former: readonly string[];

  constructor(options: PlatformKeysOptions) {
    this.#options = options;
    const { platformKeys, formerPlatformKeys } = options.store.read();
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
      this.#options.onStatements?.(statements);
      this.#write({ platformKeys: next, formerPlatformKeys: former });
      this.#former = former;
      this.#set = next;
    }
    return { ok: true, value: { hasRevoked: dropped.some((key) => next.revoked.includes(key)) } };
  }

  /** A revocation waits for no disk: that is what room is held back for. */
  #write(keys: PinnedKeys): void {
    const { store, onFull } = this.#options;
    try {
      store.write(keys);
    } catch (error) {
      if (!isDiskFull(error) || !onFull()) throw error;
      store.write(keys);
    }
  }
}

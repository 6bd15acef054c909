import { keySetSchema, keyStatementSchema, maxKeyStatements, type KeySet } from "@quarterdeck/core/protocol/key-set";
import {
  generateSigningKey,
  importSigningKey,
  keyFingerprint,
  publicKeySchema,
  signedTextSchema,
  signText,
  type SignatureDomain,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import { keyPath, readOrCreate, replace } from "./key-files.ts";
import { keysAfter, type KeyChange } from "./key-change.ts";

export const signingKeySchema = z.strictObject({ publicKey: publicKeySchema, privateKeyPkcs8: z.string() });

const storedSchema = z.strictObject({
  set: keySetSchema,
  current: signingKeySchema,
  next: signingKeySchema,
  /** The newest statements, oldest first, and the sets that were before the newest. */
  statements: z.array(signedTextSchema).max(maxKeyStatements),
  history: z.array(keySetSchema).max(maxKeyStatements),
});
type Stored = z.infer<typeof storedSchema>;

/** A change of the keys that cannot be made; the message says why. */
export class KeyChangeRefused extends Error {
  override readonly name = "KeyChangeRefused";
}

/**
 * The keys that sign for the platform (PROTOCOL 14): the current one signs commands, tickets, relay certificates and
 * enrolments; the next one signs what is said about the keys, and takes over at a rotation.
 */
export class PlatformKeys {
  readonly #path: string;
  #stored: Stored;
  #current: { readonly key: CryptoKey; readonly fingerprint: string };
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, stored: Stored, current: { key: CryptoKey; fingerprint: string }) {
    this.#path = path;
    this.#stored = stored;
    this.#current = current;
  }

  /** Reads the keys from the data directory; the first call makes them. */
  static async open(dataDir: string): Promise<PlatformKeys> {
    const path = keyPath(dataDir, "platform");
    const stored = await readOrCreate(path, storedSchema, makeFirst);
    return new PlatformKeys(path, stored, await load(stored));
  }

  /** The key that signs now. */
  get publicKey(): string {
    return this.#stored.set.current;
  }

  get fingerprint(): string {
    return this.#current.fingerprint;
  }

  get set(): KeySet {
    return this.#stored.set;
  }

  /** The sets that are known, oldest first, the newest included. */
  get history(): KeySet[] {
    return [...this.#stored.history, this.#stored.set];
  }

  get statements(): readonly SignedText[] {
    return this.#stored.statements;
  }

  sign(domain: Exclude<SignatureDomain, "keyStatement">, text: string): Promise<SignedText> {
    return signText(this.#current.key, domain, text);
  }

  /**
   * Changes the keys and states it, signed by the next key. It is on the disk when this returns.
   *
   * @param check may throw to keep everything as it is
   * @throws KeyChangeRefused when there is nothing to change
   */
  change(change: KeyChange, check: (after: KeySet) => void): Promise<void> {
    const changed = this.#changing.then(() => this.#change(change, check));
    this.#changing = changed.catch(() => undefined); // Whoever asked for it gets the error.
    return changed;
  }

  async #change(change: KeyChange, check: (after: KeySet) => void): Promise<void> {
    const before = this.#stored;
    const fresh = await generateSigningKey();
    const set = keysAfter(before.set, change, fresh.publicKey);
    if (typeof set === "string") throw new KeyChangeRefused(set);
    check(set);
    const body = keyStatementSchema.parse({ v: 1, ...set });
    const signer = await importSigningKey(before.next.privateKeyPkcs8);
    const statement = await signText(signer, "keyStatement", JSON.stringify(body));
    const pairs = [before.current, before.next, fresh];
    const pairOf = (publicKey: string) => pairs.find((pair) => pair.publicKey === publicKey) ?? fresh;
    const stored: Stored = {
      set,
      current: pairOf(set.current),
      next: pairOf(set.next),
      statements: [...before.statements, statement].slice(-maxKeyStatements),
      history: [...before.history, before.set].slice(-maxKeyStatements),
    };
    const current = await load(stored);
    await replace(this.#path, stored);
    this.#stored = stored;
    this.#current = current;
  }
}

async function makeFirst(): Promise<Stored> {
  const [current, next] = await Promise.all([generateSigningKey(), generateSigningKey()]);
  const set: KeySet = { version: 1, current: current.publicKey, next: next.publicKey, previous: null, revoked: [] };
  return { set, current, next, statements: [], history: [] };
}

async function load({ current }: Stored): Promise<{ key: CryptoKey; fingerprint: string }> {
  return {
    key: await importSigningKey(current.privateKeyPkcs8),
    fingerprint: await keyFingerprint(current.publicKey),
  };
}

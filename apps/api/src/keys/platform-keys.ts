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
import { keysAfter } from "./key-change.ts";
import { recordedChangeSchema, type RecordedChange } from "./recorded-change.ts";

export const signingKeySchema = z.strictObject({ publicKey: publicKeySchema, privateKeyPkcs8: z.string() });

const storedSchema = z.strictObject({
  set: keySetSchema,
  current: signingKeySchema,
  next: signingKeySchema,
  /** The newest statements, oldest first, and the sets that were before the newest. */
  statements: z.array(signedTextSchema).max(maxKeyStatements),
  history: z.array(keySetSchema).max(maxKeyStatements),
  /** What the statements did, for the audit. */
  changes: z.array(recordedChangeSchema).max(maxKeyStatements),
});
type Stored = z.infer<typeof storedSchema>;

/** The key that signs. */
interface LoadedKey {
  readonly key: CryptoKey;
  readonly fingerprint: string;
}

/** What is to be changed, and the audit's entry that it will have. */
export type WishedChange = Pick<RecordedChange, "entryId" | "atMs" | "change" | "isForced">;

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
  #current: LoadedKey;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(path: string, stored: Stored, current: LoadedKey) {
    this.#path = path;
    this.#stored = stored;
    this.#current = current;
  }

  /** Reads the keys from the data directory; the first call makes them. */
  static async open(dataDir: string): Promise<PlatformKeys> {
    const path = keyPath(dataDir, "platform");
    const stored = await readOrCreate(path, storedSchema, makeFirst);
    return new PlatformKeys(path, stored, await load(stored.current));
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

  /** The newest changes, oldest first. */
  get changes(): readonly RecordedChange[] {
    return this.#stored.changes;
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
  change(wish: WishedChange, check: (after: KeySet) => void): Promise<void> {
    const changed = this.#changing.then(() => this.#change(wish, check));
    this.#changing = changed.catch(() => undefined); // Whoever asked for it gets the error.
    return changed;
  }

  async #change(wish: WishedChange, check: (after: KeySet) => void): Promise<void> {
    const before = this.#stored;
    const fresh = await generateSigningKey();
    const set = keysAfter(before.set, wish.change, fresh.publicKey);
    if (typeof set === "string") throw new KeyChangeRefused(set);
    check(set);
    const body = keyStatementSchema.parse({ v: 1, ...set });
    const signer = await importSigningKey(before.next.privateKeyPkcs8);
    const statement = await signText(signer, "keyStatement", JSON.stringify(body));
    const pairs = [before.current, before.next, fresh];
    const pairOf = (publicKey: string) => pairs.find((pair) => pair.publicKey === publicKey) ?? fresh;
    const current = await load(pairOf(set.current));
    const recorded: RecordedChange = { ...wish, version: set.version, fingerprint: current.fingerprint };
    const stored: Stored = {
      set,
      current: pairOf(set.current),
      next: pairOf(set.next),
      statements: [...before.statements, statement].slice(-maxKeyStatements),
      history: [...before.history, before.set].slice(-maxKeyStatements),
      changes: [...before.changes, recorded].slice(-maxKeyStatements),
    };
    await replace(this.#path, stored);
    this.#stored = stored;
    this.#current = current;
  }
}

async function makeFirst(): Promise<Stored> {
  const [current, next] = await Promise.all([generateSigningKey(), generateSigningKey()]);
  const set: KeySet = { version: 1, current: current.publicKey, next: next.publicKey, previous: null, revoked: [] };
  return { set, current, next, statements: [], history: [], changes: [] };
}

async function load({ publicKey, privateKeyPkcs8 }: Stored["current"]): Promise<LoadedKey> {
  return { key: await importSigningKey(privateKeyPkcs8), fingerprint: await keyFingerprint(publicKey) };
}

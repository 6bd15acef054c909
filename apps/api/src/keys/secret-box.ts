import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

const nonceBytes = 12;
const tagBytes = 16;

/** What a secret in the database is of: it opens nowhere else. No field may hold a line break. */
export type SecretPlace = readonly string[];

/** Keeps secrets in the database unreadable without the master key: AES-256-GCM, and a keyed hash to compare by. */
export class SecretBox {
  readonly #sealingKey: Buffer;
  readonly #hashingKey: Buffer;

  /** @param masterKey 32 bytes */
  constructor(masterKey: Buffer) {
    const derive = (use: string) => Buffer.from(hkdfSync("sha256", masterKey, "", `quarterdeck/${use}/v1`, 32));
    this.#sealingKey = derive("secret-box");
    this.#hashingKey = derive("secret-hash");
  }

  /** @returns base64url */
  seal(secret: string, place: SecretPlace): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv("aes-256-gcm", this.#sealingKey, nonce);
    cipher.setAAD(Buffer.from(place.join("\n")));
    const body = [cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat([nonce, ...body]).toString("base64url");
  }

  /** Throws when it was sealed with another master key or for another place, or was changed. */
  open(sealed: string, place: SecretPlace): string {
    const bytes = Buffer.from(sealed, "base64url");
    const cipher = createDecipheriv("aes-256-gcm", this.#sealingKey, bytes.subarray(0, nonceBytes));
    cipher.setAAD(Buffer.from(place.join("\n")));
    cipher.setAuthTag(bytes.subarray(-tagBytes));
    try {
      return cipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, "utf8") + cipher.final("utf8");
    } catch (cause) {
      throw new Error(
        `A secret in the database (${place[0] ?? ""}) does not open. Start the API with the master key that it was sealed with.`,
        { cause },
      );
    }
  }

  /** The same for the same secret, and worth nothing to guess with without the master key. */
  hash(secret: string): string {
    return createHmac("sha256", this.#hashingKey).update(secret).digest("base64url");
  }
}

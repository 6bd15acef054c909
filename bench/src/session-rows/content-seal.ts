import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const key = randomBytes(32);

/** Seals a piece as the ends do: AES-256-GCM with a fresh nonce before it and the tag behind it. */
export function seal(content: Uint8Array): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** Opens it again. Throws when a bit of it was changed. */
export function unseal(sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}

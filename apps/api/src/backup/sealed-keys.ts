import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import * as z from "zod";
import { PlatformCommandError } from "../operator/platform-command-error.ts";

const nonceBytes = 12;
const tagBytes = 16;
const saltBytes = 16;
/** About 128 MiB and a quarter of a second for each guess (RFC 7914). */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 };
const leastPassphrase = 12;

/** The platform's key files by name, as they are. */
const keyFilesSchema = z.record(z.string().regex(/^[a-z]{1,20}\.json$/), z.string());
export type KeyFiles = z.infer<typeof keyFilesSchema>;

/** Seals the platform's keys with a passphrase. `context` must be the same when they are opened. */
export async function sealKeys(
  files: KeyFiles,
  passphrase: string,
  context: string,
): Promise<{ salt: string; sealed: Buffer }> {
  if (passphrase.length < leastPassphrase)
    throw new PlatformCommandError(`The passphrase is too short: take ${leastPassphrase} characters or more.`);
  const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)];
  const cipher = createCipheriv("aes-256-gcm", await derive(passphrase, salt), nonce);
  cipher.setAAD(Buffer.from(context));
  const body = [cipher.update(JSON.stringify(files), "utf8"), cipher.final(), cipher.getAuthTag()];
  return { salt: salt.toString("base64url"), sealed: Buffer.concat([nonce, ...body]) };
}

/** @throws PlatformCommandError when the passphrase is another, or something in the backup was changed */
export async function openKeys(
  { salt, sealed }: { salt: string; sealed: Buffer },
  passphrase: string,
  context: string,
): Promise<KeyFiles> {
  const key = await derive(passphrase, Buffer.from(salt, "base64url"));
  const cipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, nonceBytes));
  cipher.setAAD(Buffer.from(context));
  try {
    cipher.setAuthTag(sealed.subarray(-tagBytes));
    const text = cipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, "utf8") + cipher.final("utf8");
    return keyFilesSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new PlatformCommandError(
      "The keys in the backup do not open: the passphrase is another one, or somebody changed the backup after it was made.",
      { cause },
    );
  }
}

function derive(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase, salt, 32, cost, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

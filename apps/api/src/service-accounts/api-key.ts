import { crc32 } from "node:zlib";

// `qd_`, 256 bits as 43 characters of base 62, and six more of their CRC-32: a scanner finds it in what was committed by
// mistake, and what was cut off or mistyped is refused without a look into the database. The checksum is no secret.

const prefix = "qd_";
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const secretBytes = 32;
const secretCharacters = 43;
const checkCharacters = 6;
const shape = /^qd_[0-9A-Za-z]{49}$/;

/** How many of its last characters are kept to tell it from another. */
const hintCharacters = 4;

/** Makes a key of 32 random bytes. */
export function makeApiKey(random: Uint8Array): string {
  if (random.length !== secretBytes) throw new RangeError(`a key needs ${secretBytes} random bytes`);
  const secret = toBase62(BigInt(`0x${Buffer.from(random).toString("hex")}`), secretCharacters);
  return `${prefix}${secret}${checksum(secret)}`;
}

/** Whether this can be a key: it has the shape, and its checksum fits. */
export function isApiKey(text: string): boolean {
  if (!shape.test(text)) return false;
  const secret = text.slice(prefix.length, prefix.length + secretCharacters);
  return text.slice(-checkCharacters) === checksum(secret);
}

/** What a header offers as a key, well-formed or not; null for anything else. */
export function apiKeyIn(authorization: string): string | null {
  const [scheme, token = "", ...rest] = authorization.split(" ");
  return scheme?.toLowerCase() === "bearer" && rest.length === 0 && token.startsWith(prefix) ? token : null;
}

export function hintOf(apiKey: string): string {
  return apiKey.slice(-hintCharacters);
}

function checksum(secret: string): string {
  return toBase62(BigInt(crc32(prefix + secret)), checkCharacters);
}

function toBase62(value: bigint, characters: number): string {
  let rest = value;
  let text = "";
  for (let i = 0; i < characters; i++) {
    text = alphabet.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}

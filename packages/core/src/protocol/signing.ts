import * as z from "zod";
import { fromBase64Url, toBase64Url } from "../base64.ts";
import { accept, refuse, type Result } from "../errors/result.ts";

/** What a signature is for. The domain is part of the signed bytes, so that a signature for one use fits no other. */
export const signatureDomains = {
  command: "quarterdeck/command/v1",
  result: "quarterdeck/result/v1",
  hello: "quarterdeck/hello/v1",
  welcome: "quarterdeck/welcome/v1",
  relayCertificate: "quarterdeck/relay-certificate/v1",
  ticket: "quarterdeck/ticket/v1",
  enrolRequest: "quarterdeck/enrol-request/v1",
  enrolAnswer: "quarterdeck/enrol-answer/v1",
  release: "quarterdeck/release/v1",
  install: "quarterdeck/install/v1",
  keyStatement: "quarterdeck/key-statement/v1",
  auditHead: "quarterdeck/audit-head/v1",
  heldHead: "quarterdeck/held-head/v1",
  limitEvidence: "quarterdeck/limit-evidence/v1",
  auditCut: "quarterdeck/audit-cut/v1",
} as const;

export type SignatureDomain = keyof typeof signatureDomains;

/** A raw Ed25519 public key, 32 bytes in base64url. */
export const publicKeySchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be an Ed25519 public key in base64url");

/** A raw X25519 public key, 32 bytes in base64url. */
export const sealingKeySchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be an X25519 public key in base64url");

/** The exact text that was signed, and the Ed25519 signature over it in base64url. */
export const signedTextSchema = z.strictObject({
  signed: z.string().max(192 * 1024),
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/, "must be an Ed25519 signature in base64url"),
});
export type SignedText = z.infer<typeof signedTextSchema>;

const encoder = new TextEncoder();

function bytesToSign(domain: SignatureDomain, text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(`${signatureDomains[domain]}\0${text}`));
}

/** Signs a text for one use with an Ed25519 private key (RFC 8032). */
export async function signText(key: CryptoKey, domain: SignatureDomain, signed: string): Promise<SignedText> {
  const signature = await crypto.subtle.sign("Ed25519", key, bytesToSign(domain, signed));
  return { signed, signature: toBase64Url(new Uint8Array(signature)) };
}

/** Whether `text` was signed for this use with the private half of `publicKey` (base64url). */
export async function isSignedBy(publicKey: string, domain: SignatureDomain, text: SignedText): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", fromBase64Url(publicKey), "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, fromBase64Url(text.signature), bytesToSign(domain, text.signed));
  } catch {
    return false; // A key or signature that cannot even be decoded signed nothing.
  }
}

/**
 * Opens a signed text: verifies it against the keys that may have signed it, and only then parses it.
 *
 * @param options.keys public keys in base64url; one of them must have signed
 * @returns the parsed body, or `SIGNATURE_INVALID`, or `PROTOCOL_VIOLATION` when it was signed but is not of this shape
 */
export async function openSigned<T>(
  text: SignedText,
  options: { readonly keys: readonly string[]; readonly domain: SignatureDomain; readonly schema: z.ZodType<T> },
): Promise<Result<T>> {
  const checks = await Promise.all(options.keys.map((key) => isSignedBy(key, options.domain, text)));
  if (!checks.includes(true)) return refuse("SIGNATURE_INVALID", `No known key signed this ${options.domain}.`);
  let body: unknown;
  try {
    body = JSON.parse(text.signed);
  } catch {
    return refuse("PROTOCOL_VIOLATION", `The signed ${options.domain} is not JSON.`);
  }
  const parsed = options.schema.safeParse(body);
  if (!parsed.success)
    return refuse("PROTOCOL_VIOLATION", `The signed ${options.domain} is malformed: ${z.prettifyError(parsed.error)}`);
  return accept(parsed.data);
}

/** The fingerprint that people compare: SHA-256 of the raw public key, as `SHA256:` and base64url. */
export async function keyFingerprint(publicKey: string): Promise<string> {
  return `SHA256:${await sha256Base64Url(fromBase64Url(publicKey))}`;
}

/** SHA-256 of a text (UTF-8) or of bytes, in base64url. */
export async function sha256Base64Url(data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof data === "string" ? new Uint8Array(encoder.encode(data)) : data;
  return toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** Makes an Ed25519 key pair; the private half is exported as base64url PKCS #8 for storage. */
export async function generateSigningKey(): Promise<{ publicKey: string; privateKeyPkcs8: string }> {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = (await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer;
  const privateKey = (await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer;
  return {
    publicKey: toBase64Url(new Uint8Array(publicKey)),
    privateKeyPkcs8: toBase64Url(new Uint8Array(privateKey)),
  };
}

/** Reads a private key that `generateSigningKey` exported. Throws where it is not one. */
export async function importSigningKey(privateKeyPkcs8: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", fromBase64Url(privateKeyPkcs8), "Ed25519", false, ["sign"]);
}

import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import * as z from "zod";
import { currentProcess } from "../world/sim-process.ts";

// The module of core that seals for one bridge, with something quick in the place of X25519: scenarios have no spies, and the
// real one takes a millisecond. That the real one keeps secrets is tested elsewhere.

export const storedSealingKeySchema = z.strictObject({ publicKey: z.string(), privateKey: z.string() });

export type StoredSealingKey = z.infer<typeof storedSealingKeySchema>;

export type SealingKey = StoredSealingKey;

function secretOf(publicKey: string): Buffer {
  return createHash("sha256").update(publicKey).digest();
}

let made = 0;

export async function generateSealingKey(): Promise<StoredSealingKey> {
  const publicKey = createHash("sha256").update(`key ${made++}`).digest("base64url");
  return { publicKey, privateKey: publicKey };
}

export async function importSealingKey(key: StoredSealingKey): Promise<SealingKey> {
  return key;
}

interface Sealing {
  readonly binding: readonly string[];
}

export async function sealFor(
  publicKey: string,
  { text, binding }: Sealing & { readonly text: string },
): Promise<string> {
  const nonce = Buffer.from(currentProcess()?.machine.world.random.bytes(12) ?? new Uint8Array(12));
  const cipher = createCipheriv("aes-256-gcm", secretOf(publicKey), nonce).setAAD(Buffer.from(binding.join("\n")));
  return Buffer.concat([nonce, cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

export async function openFor(
  key: SealingKey,
  { sealed, binding }: Sealing & { readonly sealed: string },
): Promise<string> {
  const bytes = Buffer.from(sealed, "base64url");
  const cipher = createDecipheriv("aes-256-gcm", secretOf(key.publicKey), bytes.subarray(0, 12));
  cipher.setAAD(Buffer.from(binding.join("\n"))).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]).toString("utf8");
}

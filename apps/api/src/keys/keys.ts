import { randomBytes } from "node:crypto";
import {
  generateSigningKey,
  importSigningKey,
  keyFingerprint,
  signText,
  publicKeySchema,
} from "@quarterdeck/core/protocol/signing";
import type { SignatureDomain, SignedText } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import { keyPath, readOrCreate } from "./key-files.ts";

export const signingKeySchema = z.strictObject({ publicKey: publicKeySchema, privateKeyPkcs8: z.string() });
const serviceKeySchema = z.strictObject({ serviceKey: z.string().min(32) });

/** The key that signs for the platform: commands, tickets, relay certificates, enrolments. */
export interface PlatformKey {
  readonly publicKey: string;
  readonly fingerprint: string;
  sign(domain: SignatureDomain, text: string): Promise<SignedText>;
}

export interface Keys {
  readonly platform: PlatformKey;
  /** What the API and its relay prove themselves to each other with. */
  readonly serviceKey: string;
}

/** Reads the platform's keys from its data directory; the first call makes them. */
export async function loadKeys(dataDir: string): Promise<Keys> {
  const stored = await readOrCreate(keyPath(dataDir, "platform"), signingKeySchema, generateSigningKey);
  const { serviceKey } = await readOrCreate(keyPath(dataDir, "service"), serviceKeySchema, async () => ({
    serviceKey: randomBytes(32).toString("base64url"),
  }));
  const privateKey = await importSigningKey(stored.privateKeyPkcs8);
  return {
    platform: {
      publicKey: stored.publicKey,
      fingerprint: await keyFingerprint(stored.publicKey),
      sign: async (domain, text) => signText(privateKey, domain, text),
    },
    serviceKey,
  };
}

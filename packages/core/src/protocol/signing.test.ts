import * as z from "zod";
import { describe, expect, it } from "vitest";
import {
  generateSigningKey,
  importSigningKey,
  isSignedBy,
  keyFingerprint,
  openSigned,
  signText,
  signatureDomains,
} from "./signing.ts";
import { decodeTicket, encodeTicket } from "./ticket.ts";

const pair = await generateSigningKey();
const other = await generateSigningKey();
const key = await importSigningKey(pair.privateKeyPkcs8);
const schema = z.strictObject({ n: z.int() });

describe("signed texts", () => {
  it("are opened with the key that signed, among several", async () => {
    const text = await signText(key, "command", '{"n":1}');
    const opened = await openSigned(text, { keys: [other.publicKey, pair.publicKey], domain: "command", schema });
    expect(opened).toEqual({ ok: true, value: { n: 1 } });
  });

  it("[W2] do not verify with any one bit of text or signature flipped", async () => {
    const text = await signText(key, "command", '{"n":1}');
    for (let bit = 0; bit < text.signed.length * 8; bit++) {
      const bytes = Buffer.from(text.signed);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await isSignedBy(pair.publicKey, "command", { ...text, signed: bytes.toString("latin1") })).toBe(false);
    }
    for (let bit = 0; bit < 512; bit++) {
      const bytes = Buffer.from(text.signature, "base64url");
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await isSignedBy(pair.publicKey, "command", { ...text, signature: bytes.toString("base64url") })).toBe(
        false,
      );
    }
  });

  it("[W2] fit no other domain and no other key", async () => {
    const text = await signText(key, "command", '{"n":1}');
    for (const domain of Object.keys(signatureDomains) as (keyof typeof signatureDomains)[]) {
      expect(await isSignedBy(pair.publicKey, domain, text)).toBe(domain === "command");
    }
    expect(await openSigned(text, { keys: [other.publicKey], domain: "command", schema })).toMatchObject({
      error: { code: "SIGNATURE_INVALID" },
    });
    expect(await openSigned(text, { keys: [], domain: "command", schema })).toMatchObject({
      error: { code: "SIGNATURE_INVALID" },
    });
    expect(await isSignedBy("not a key", "command", text)).toBe(false);
  });

  it("[W2] are refused with a field added by whoever may sign, and when they are not JSON", async () => {
    for (const signed of ['{"n":1,"m":2}', "{", ""]) {
      const text = await signText(key, "command", signed);
      expect(await openSigned(text, { keys: [pair.publicKey], domain: "command", schema })).toMatchObject({
        error: { code: "PROTOCOL_VIOLATION" },
      });
    }
  });

  it("have a fingerprint that is SHA-256 of the raw key", async () => {
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(pair.publicKey, "base64url"));
    expect(await keyFingerprint(pair.publicKey)).toBe(`SHA256:${Buffer.from(digest).toString("base64url")}`);
  });
});

describe("tickets in an address", () => {
  it("come back as they were", async () => {
    const text = await signText(key, "ticket", '{"név":"✓"}');
    expect(decodeTicket(encodeTicket(text))).toEqual({ ok: true, value: text });
  });

  it.each(["", "%%%", "e30", "bnVsbA", "a".repeat(10_000)])("[W5] %.20j is refused", (word) => {
    expect(decodeTicket(word)).toMatchObject({ ok: false, error: { code: "TOKEN_INVALID" } });
  });
});

import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { relayCertificateSchema } from "@quarterdeck/core/protocol/handshake";
import { isSignedBy, openSigned } from "@quarterdeck/core/protocol/signing";
import { dayMs } from "@quarterdeck/core/units";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyPath } from "./key-files.ts";
import { loadKeys } from "./keys.ts";
import { loadRelayKey } from "./relay-key.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "quarterdeck-keys-"));
});
afterEach(async () => rm(dataDir, { recursive: true }));

describe("the platform's keys", () => {
  it("are made once, by whoever is first, and stay", async () => {
    const [a, b] = await Promise.all([loadKeys(dataDir), loadKeys(dataDir)]);
    const c = await loadKeys(dataDir);
    expect(b.platform.publicKey).toBe(a.platform.publicKey);
    expect(c.platform.publicKey).toBe(a.platform.publicKey);
    expect([c.serviceKey, c.operatorKey]).toEqual([a.serviceKey, a.operatorKey]);
    const signed = await a.platform.sign("ticket", "{}");
    expect(await isSignedBy(c.platform.publicKey, "ticket", signed)).toBe(true);
    expect(await isSignedBy(c.platform.publicKey, "command", signed)).toBe(false);
  });

  it("are readable by their owner only, and leave nothing half written", async () => {
    await loadKeys(dataDir);
    for (const name of await readdir(join(dataDir, "keys"))) {
      expect(name).toMatch(/^(platform|service|operator)\.json$/);
      expect((await stat(join(dataDir, "keys", name))).mode & 0o077).toBe(0);
    }
  });

  it("are never replaced in silence when a file is damaged", async () => {
    await loadKeys(dataDir);
    await writeFile(keyPath(dataDir, "platform"), '{"publicKey":"x"}');
    await expect(loadKeys(dataDir)).rejects.toThrow(/platform\.json is damaged .*Restore it from a backup/);
    await writeFile(keyPath(dataDir, "platform"), "");
    await expect(loadKeys(dataDir)).rejects.toThrow(/not JSON/);
  });
});

describe("the relay's key", () => {
  it("is certified by the platform, kept, and certified anew before the certificate ends", async () => {
    const { platform } = await loadKeys(dataDir);
    const first = await loadRelayKey(dataDir, platform, 0);
    expect(await loadRelayKey(dataDir, platform, 100 * dayMs)).toEqual(first);
    const renewed = await loadRelayKey(dataDir, platform, 200 * dayMs);
    expect(renewed.privateKeyPkcs8).toBe(first.privateKeyPkcs8);
    const opened = await openSigned(renewed.certificate, {
      keys: [platform.publicKey],
      domain: "relayCertificate",
      schema: relayCertificateSchema,
    });
    expect(opened).toMatchObject({ ok: true, value: { expiresAtMs: 565 * dayMs } });
  });
});

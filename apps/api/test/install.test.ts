import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isSignedBy, keyFingerprint } from "@quarterdeck/core/protocol/signing";
import { installCommand } from "../src/install/install-command.ts";
import { installManifestText } from "../src/install/manifest-text.ts";
import { OfferedNode } from "../src/install/offered-node.ts";
import { capabilities } from "./fake-bridge.ts";
import { TestApi } from "./test-api.ts";

const archive = Buffer.from("the bytes of a package");
const folder = mkdtempSync(join(tmpdir(), "quarterdeck-install-"));
const tarball = join(folder, "bridge.tgz");
const hash = (encoding: "hex" | "base64url", bytes = archive) => createHash("sha256").update(bytes).digest(encoding);

beforeAll(() => {
  writeFileSync(tarball, archive);
  const manifest = {
    v: 1,
    version: "0.2.0",
    sha256: hash("base64url"),
    sizeBytes: archive.length,
    actions: capabilities.actions,
    features: [],
    minimalProtocol: { major: 1, minor: 0 },
  };
  writeFileSync(`${tarball}.json`, JSON.stringify(manifest));
  writeFileSync(join(folder, "install.sh"), "#!/bin/sh\nplatform_url='@PLATFORM_URL@'\n");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the installer", () => {
  test("is served with the platform's address in it, and shown as one command", async () => {
    await using platform = await TestApi.start({ QUARTERDECK_BRIDGE_TARBALL: tarball });
    const script = await fetch(`${platform.origin}/install.sh`);
    expect(await script.text()).toBe(`#!/bin/sh\nplatform_url='${platform.origin}'\n`);
    const client = await platform.signedUp();
    const enrolment = await client.api.servers.createEnrolment.mutate({});
    const token = /--token (\S+)/.exec(enrolment.command)?.[1];
    expect(enrolment.installCommand).toBe(
      `curl -fsSL ${platform.origin}/install.sh | sh -s -- --token ${token} --platform-key ${enrolment.platformFingerprint}`,
    );
  });

  test("[W2] comes with a manifest that the platform's key signed for this use, after that key", async () => {
    await using platform = await TestApi.start({ QUARTERDECK_BRIDGE_TARBALL: tarball });
    const answer = await (await fetch(`${platform.origin}/install/manifest`)).text();
    const [key = "", signature = "", ...lines] = answer.split("\n");
    const signed = lines.join("\n");
    const { platformKey } = (await (await fetch(`${platform.origin}/enrol`)).json()) as { platformKey: string };
    expect(key).toBe(platformKey);
    expect(await isSignedBy(key, "install", { signed, signature })).toBe(true);
    expect(await isSignedBy(key, "release", { signed, signature })).toBe(false);
    expect(await isSignedBy(key, "install", { signed: signed.replace("0.2.0", "0.1.0"), signature })).toBe(false);
    expect(await keyFingerprint(key)).toMatch(/^SHA256:/);
    const [, version, sha256, sizeBytes, path] = (lines.find((line) => line.startsWith("bridge ")) ?? "").split(" ");
    expect([version, sha256, sizeBytes]).toEqual(["0.2.0", hash("hex"), String(archive.length)]);
    const served = await fetch(new URL(path ?? "", platform.origin));
    expect(Buffer.from(await served.arrayBuffer())).toEqual(archive);
  });

  test("is not there, and not offered, where there is no package", async () => {
    await using platform = await TestApi.start();
    for (const path of ["/install.sh", "/install/manifest", `/install/node/${"0".repeat(64)}.gz`])
      expect((await fetch(platform.origin + path)).status).toBe(404);
    const client = await platform.signedUp();
    expect((await client.api.servers.createEnrolment.mutate({})).installCommand).toBeNull();
  });
});

test("a command for a test server without encryption says so, one for any other does not", () => {
  const given = { token: "qd_enrol_x", fingerprint: "SHA256:y" };
  expect(installCommand("http://10.0.2.100:7170", given)).toContain(" --allow-address http://10.0.2.100:7170");
  for (const origin of [
    "https://qd.example.com",
    "http://localhost:7070",
    "http://127.0.0.1:7070",
    "http://[::1]:7070",
  ])
    expect(installCommand(origin, given)).not.toContain("--allow-address");
});

describe("the platform's Node", () => {
  test("is compressed once, and is what its description says", async () => {
    const program = join(folder, "node");
    const bytes = Buffer.alloc(300_000, "machine code ");
    writeFileSync(program, bytes);
    const node = new OfferedNode(program, join(folder, "cache"));
    const [first, second] = await Promise.all([node.compressed(), node.compressed()]);
    expect(second).toBe(first);
    const { sha256, sizeBytes, target } = await node.describe();
    const unpacked = gunzipSync(readFileSync(first));
    expect([hash("hex", unpacked), unpacked.length, target]).toEqual([
      sha256,
      sizeBytes,
      `${process.platform}-${process.arch}`,
    ]);
    // The next process takes the file that is there.
    writeFileSync(first, "from before");
    expect(readFileSync(await new OfferedNode(program, join(folder, "cache")).compressed(), "utf8")).toBe(
      "from before",
    );
  });

  test("is tried again when it could not be written", async () => {
    const program = join(folder, "node-again");
    writeFileSync(program, "x");
    const cache = join(folder, "blocked");
    writeFileSync(cache, "a file where a folder should be");
    const node = new OfferedNode(program, cache);
    // Only a file that is not there is one to make: whatever else keeps it from being read is told.
    await expect(node.compressed()).rejects.toMatchObject({ code: "ENOTDIR", syscall: "stat" });
    rmSync(cache);
    expect(gunzipSync(readFileSync(await node.compressed())).toString()).toBe("x");
  });

  test("is left out of the manifest where the platform has none to give", () => {
    const manifest = {
      v: 1 as const,
      version: "0.2.0",
      sha256: hash("base64url"),
      sizeBytes: 22,
      actions: [],
      features: [],
      minimalProtocol: { major: 1, minor: 0 },
    };
    const release = { manifest, manifestHash: "h" };
    expect(installManifestText({ release, node: null })).toBe(
      `quarterdeck-install 1\nbridge 0.2.0 ${hash("hex")} 22 /install/releases/h/quarterdeck-bridge.tgz\n`,
    );
    const node = { target: "linux-x64", version: "24.0.0", sha256: "ab", sizeBytes: 7 };
    expect(installManifestText({ release, node })).toContain("\nnode linux-x64 24.0.0 ab 7 /install/node/ab.gz\n");
  });
});

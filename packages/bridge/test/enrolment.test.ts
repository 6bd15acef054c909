import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createNetServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newKey } from "./fake-platform.ts";
import { FakeRelay } from "./fake-relay.ts";
import { runCli } from "./run-cli.ts";
import { keyFingerprint } from "@quarterdeck/core/protocol/signing";

let relay: FakeRelay;
let data: string;
beforeEach(async () => {
  relay = await FakeRelay.start();
  data = mkdtempSync(join(tmpdir(), "qd-enrol-"));
});
afterEach(async () => {
  await relay.stop();
  rmSync(data, { recursive: true, force: true });
});

async function enrol(changes: { url?: string; token?: string; platformKey?: string } = {}) {
  const platformKey = changes.platformKey ?? (await relay.platform.fingerprint());
  return runCli([
    "enrol",
    "--url",
    changes.url ?? relay.url,
    "--token",
    changes.token ?? relay.platform.token,
    "--platform-key",
    platformKey,
    "--data",
    data,
  ]);
}

describe("enrolling", () => {
  it("writes an identity that only its owner can read", async () => {
    expect(await enrol()).toMatchObject({ exitCode: 0, stdout: `This server is now ${relay.platform.serverId}.\n` });
    expect(statSync(join(data, "identity.json")).mode & 0o777).toBe(0o600);
  });

  it("takes the token from the environment too", async () => {
    const args = ["enrol", "--url", relay.url, "--platform-key", await relay.platform.fingerprint(), "--data", data];
    expect(await runCli(args, { QUARTERDECK_ENROL_TOKEN: relay.platform.token })).toMatchObject({ exitCode: 0 });
  });

  it("sends nothing to a platform with another key", async () => {
    const other = await keyFingerprint((await newKey()).publicKey);
    const end = await enrol({ platformKey: other });
    expect(end.exitCode).toBe(5);
    expect(end.stderr).toMatch(/Nothing was sent/);
    expect(relay.platform.bridgeKey).toBe("");
  });

  it.each([
    ["TOKEN_INVALID", 6, /does not know/],
    ["TOKEN_EXPIRED", 7, /expired/],
    ["TOKEN_USED", 8, /used already/],
  ])("says in one line that the token is wrong: %s [W5]", async (code, exitCode, message) => {
    relay.platform.tokenError = code;
    const end = await enrol();
    expect(end.exitCode).toBe(exitCode);
    expect(end.stderr).toMatch(message);
    expect(end.stderr.trim().split("\n")).toHaveLength(1);
    expect(existsSync(join(data, "identity.json"))).toBe(false);
  });

  describe("at an https:// address", () => {
    const tls = (name: string) => readFileSync(join(import.meta.dirname, "tls", name));

    it.each([
      ["that does not speak TLS", () => createHttpServer(), /does not speak TLS.*Check the port/],
      [
        "where something else answers",
        () => createNetServer((socket) => socket.end("SSH-2.0\r\n")),
        /does not speak TLS/,
      ],
      [
        "with a certificate that nobody here trusts",
        () => createTlsServer({ key: tls("key.pem"), cert: tls("certificate.pem") }),
        /does not trust who issued its certificate.*NODE_EXTRA_CA_CERTS/,
      ],
    ])("%s says so and what to do, in one line and without OpenSSL's words", async (_, serve, message) => {
      const server = serve();
      await once(server.listen(0, "127.0.0.1"), "listening");
      try {
        const end = await enrol({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` });
        expect(end.exitCode).toBe(4);
        expect(end.stderr).toMatch(message);
        expect(end.stderr).not.toMatch(/openssl|SSL routines|EPROTO/i);
        expect(end.stderr.trim().split("\n")).toHaveLength(1);
      } finally {
        server.close();
      }
    });

    it("with a certificate for another name says so", async () => {
      const server = createTlsServer({ key: tls("key.pem"), cert: tls("certificate.pem") });
      await once(server.listen(0, "127.0.0.1"), "listening");
      const url = `https://localhost:${(server.address() as AddressInfo).port}`;
      const args = ["enrol", "--url", url, "--token", "t", "--platform-key", "SHA256:x", "--data", data];
      const end = await runCli(args, { NODE_EXTRA_CA_CERTS: join(import.meta.dirname, "tls/certificate.pem") });
      server.close();
      expect(end.stderr).toMatch(/its certificate is for another name/);
    });
  });

  it("says that the address cannot be reached", async () => {
    const end = await enrol({ url: "http://127.0.0.1:1" });
    expect(end).toMatchObject({ exitCode: 4 });
    expect(end.stderr).toMatch(/cannot be reached/);
  });

  it.each(["http://example.com", "ws://127.0.0.1:1", "ftp://x", "nonsense", "http://127.0.0.1.example.com"])(
    "refuses the address %s",
    async (url) => {
      expect((await enrol({ url })).exitCode).toBe(2);
    },
  );

  it("refuses to enrol twice", async () => {
    await enrol();
    expect(await enrol()).toMatchObject({ exitCode: 3 });
  });

  it("names what is missing on the command line", async () => {
    const end = await runCli(["enrol", "--data", data]);
    expect(end.exitCode).toBe(2);
    expect(end.stderr).toMatch(/--url, --token, --platform-key is missing/);
  });
});

describe("the other commands", () => {
  it("say that the server is not connected yet", async () => {
    for (const command of ["run", "status"])
      expect(await runCli([command, "--data", data])).toMatchObject({ exitCode: 12 });
  });

  it("print their version and help", async () => {
    expect((await runCli(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await runCli(["--help"])).stdout).toMatch(/usage: quarterdeck-bridge/);
    expect((await runCli(["nonsense"])).exitCode).toBe(2);
  });

  it("doctor looks at the machine and says what is missing", async () => {
    const end = await runCli(["doctor", "--data", data]);
    expect(end.exitCode).toBe(1);
    expect(end.stdout).toMatch(/not connected to a platform/);
    expect(end.stdout).toMatch(/^ok {7}no policy: nothing is forbidden|^ok {7}the policy /m);
  });

  it("doctor reads the policy as the bridge would, and names the line of a mistake", async () => {
    const policy = join(data, "policy.toml");
    writeFileSync(policy, '[actions]\nforbid = ["exec", "nonsense"]\n', { mode: 0o644 });
    const end = await runCli(["doctor", "--data", data, "--policy", policy]);
    expect(end.exitCode).toBe(1);
    expect(end.stdout).toMatch(/^missing {2}the policy cannot be used, .* line 2/m);
  });
});

import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { tailText } from "./fake-platform.ts";
import { FakeRelay } from "./fake-relay.ts";

const packageRoot = join(import.meta.dirname, "..");
const tarball = join(packageRoot, "dist/quarterdeck-bridge.tgz");
const digest = () => createHash("sha256").update(readFileSync(tarball)).digest("hex");
const npx = process.env["npm_execpath"]?.endsWith("npm-cli.js") ? process.env["npm_execpath"] : undefined;

it("is one tarball, the same each time, that npx runs from an address and that needs nothing else", {
  timeout: 120_000,
}, async () => {
  execFileSync(process.execPath, ["build.ts"], { cwd: packageRoot });
  const first = digest();
  execFileSync(process.execPath, ["build.ts"], { cwd: packageRoot });
  expect(digest()).toBe(first);

  const folder = mkdtempSync(join(tmpdir(), "qd-package-"));
  const relay = await FakeRelay.start();
  const downloads = createServer((_request, response) => response.end(readFileSync(tarball)));
  await new Promise<void>((resolve) => downloads.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(downloads.address() as AddressInfo).port}/install/quarterdeck-bridge.tgz`;
  mkdirSync(join(folder, "home"));
  const data = join(folder, "data");
  const connect = [
    "--yes",
    address,
    "connect",
    "--url",
    relay.url,
    "--token",
    relay.platform.token,
    "--platform-key",
    await relay.platform.fingerprint(),
    "--data",
    data,
  ];
  const environment = { PATH: `${join(process.execPath, "..")}:${process.env["PATH"]}`, HOME: join(folder, "home") };
  const command = npx ? [process.execPath, npx.replace("npm-cli.js", "npx-cli.js")] : ["npx"];
  const child = spawn(command[0]!, [...command.slice(1), ...connect], {
    env: environment,
    cwd: folder,
    detached: true,
  });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  try {
    await relay.changes.until(() => relay.isOnline || child.exitCode !== null, `the bridge: ${said}`, 50_000);
    await relay.changes.until(() => said.includes("Online"), `the words: ${said}`);
    expect(tailText(await relay.run({ action: "exec", params: { program: "echo", args: ["from the tarball"] } }))).toBe(
      "from the tarball\n",
    );
    expect(said).not.toMatch(/ExperimentalWarning/);
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    process.kill(-(child.pid ?? 0), "SIGTERM");
    await ended;
    await relay.stop();
    await new Promise((resolve) => downloads.close(resolve));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

it("tells the owner of an old Node what to do", async () => {
  const shim = readFileSync(join(packageRoot, "src/shim.mjs"), "utf8")
    .replace("#!/usr/bin/env node", "")
    .replace("process.versions.node.split", '"20.11.0".split');
  const end = await new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(process.execPath, ["--input-type=module", "-e", shim], (error, _out, text) =>
      resolve({ code: error?.code, text }),
    );
  });
  expect(end).toMatchObject({ code: 1 });
  expect(end.text).toMatch(/needs Node 22\.13 or newer/);
});

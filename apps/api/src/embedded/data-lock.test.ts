import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DataInUseError, lockDataDirectory } from "./data-lock.ts";

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "quarterdeck-lock-"));
});
afterEach(async () => rm(dataDir, { recursive: true }));

const me = { pid: 4242, address: "http://localhost:7070", sinceMs: 0 };

it("refuses a second holder and says who the first is", () => {
  const lock = lockDataDirectory(dataDir, me);
  expect(() => lockDataDirectory(dataDir, me)).toThrow(DataInUseError);
  expect(() => lockDataDirectory(dataDir, me)).toThrow(/process 4242, http:\/\/localhost:7070/);
  lock.release();
  lockDataDirectory(dataDir, me).release();
});

it("is free again when its holder was killed", async () => {
  const module = new URL("data-lock.ts", import.meta.url).href;
  const program = `const { lockDataDirectory } = await import(${JSON.stringify(module)});
    lockDataDirectory(${JSON.stringify(dataDir)}, { pid: process.pid, address: "x", sinceMs: 0 });
    console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  expect(() => lockDataDirectory(dataDir, me)).toThrow(new RegExp(`process ${child.pid}`));
  child.kill("SIGKILL");
  await once(child, "exit");
  lockDataDirectory(dataDir, me).release();
});

// Loaded before the bridge's own code, and before its wrappers' (`node --import`), by tests: kills the process at a named
// moment, and replaces the machine's clock and boot. A folder, named in the query of this module's address, says what is
// to happen. Nothing of it is in the bridge itself.
import childProcess from "node:child_process";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { WebSocket } from "ws";
import { Journal } from "../../src/journal/journal.ts";
import { WrapperLauncher } from "../../src/runs/wrapper-launcher.ts";

const folder = new URL(import.meta.url).searchParams.get("folder") ?? "";
const { readFileSync, rmSync, openSync, renameSync } = fs;
const { spawn } = childProcess;

function read(name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined; // Nothing of the kind is to happen.
  }
}

function reach(moment: string): void {
  if (read("failpoint") !== moment) return;
  rmSync(join(folder, "failpoint"));
  process.kill(process.pid, "SIGKILL");
}

// --- The bridge: its journal, its connection, its wrappers -----------------------------------------------------------

/** Puts something around a method of a class. */
function wrap<T, K extends keyof T>(prototype: T, name: K, around: (method: T[K]) => T[K]): void {
  prototype[name] = around(prototype[name]);
}

const saved = new Set<string>();
wrap(
  Journal.prototype,
  "save",
  (save) =>
    function (this: Journal, record) {
      saved.add(record.state);
      save.call(this, record);
    },
);
wrap(
  Journal.prototype,
  "transaction",
  (transaction) =>
    function <T>(this: Journal, work: () => T): T {
      saved.clear();
      const value = transaction.call(this, () => {
        const done = work();
        for (const state of saved) reach(`${state} before commit`);
        return done;
      });
      for (const state of saved) reach(`${state} after commit`);
      return value as T;
    },
);
wrap(
  WrapperLauncher.prototype,
  "launch",
  (launch) =>
    function (this: WrapperLauncher, run, secretInput) {
      const launched = launch.call(this, run, secretInput);
      reach("run handed over");
      return launched;
    },
);
wrap(
  WebSocket.prototype as { send(data: string): void },
  "send",
  (send) =>
    function (this: WebSocket, data) {
      send.call(this, data);
      const type = /^\{"type":"(\w+)"/.exec(data)?.[1];
      if (type !== undefined) reach(`${type} sent`);
    },
);

const isWrapperScript = (arg: string) => /\/wrapper\.(ts|mjs)$/.test(arg);
childProcess.spawn = ((command: string, args: readonly string[], options: childProcess.SpawnOptions) => {
  if (args.some(isWrapperScript)) return spawn(command, ["--import", import.meta.url, ...args], options);
  reach("before program");
  const child = spawn(command, args, options);
  reach("after program");
  return child;
}) as typeof spawn;

// --- The wrapper: its marker and its result; the bridge: what it holds of the audit --------------------------------------------------------------------------

fs.openSync = ((path: fs.PathLike, ...rest: [fs.OpenMode]) => {
  if (String(path).endsWith("/started")) reach("before marker");
  return openSync(path, ...rest);
}) as typeof openSync;
fs.renameSync = (from, to) => {
  const what = /\/(result|audit-heads)\.json$/.exec(String(to))?.[1];
  if (what) reach(`before ${what}`);
  renameSync(from, to);
  if (what) reach(`after ${what}`);
};

// --- The machine: its boot and its clock -----------------------------------------------------------------------------

fs.readFileSync = ((path: fs.PathOrFileDescriptor, ...rest: [BufferEncoding]) => {
  const boot = path === "/proc/sys/kernel/random/boot_id" ? read("boot") : undefined;
  if (path === "/proc/uptime") {
    const seconds = Number(readFileSync(path, "utf8").split(" ")[0]) + Number(read("uptime-ahead-ms") ?? 0) / 1000;
    return `${seconds} 0\n`;
  }
  return boot ?? readFileSync(path, ...rest);
}) as typeof readFileSync;
syncBuiltinESMExports();

const RealDate = Date;
const now = () => RealDate.now() + Number(read("clock-ahead-ms") ?? 0);
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: number[]) => Reflect.construct(target, args.length === 0 ? [now()] : args) as object,
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});

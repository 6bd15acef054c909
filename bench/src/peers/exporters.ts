import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { cores, pinned } from "../rig/cpu-cores.ts";
import { processTree } from "../rig/process-usage.ts";

/** A monitoring daemon on the server's core. */
export interface Exporter extends AsyncDisposable {
  readonly pids: () => number[];
}

const missing = (program: string, packageName: string) =>
  new Error(`${program} is not installed: sudo apt-get install -y --no-install-recommends ${packageName}`);

/** prometheus-node-exporter with its default collectors, scraped each second from this process. */
export async function startNodeExporter(): Promise<Exporter> {
  const program = "/usr/bin/prometheus-node-exporter";
  if (!existsSync(program)) throw missing(program, "prometheus-node-exporter");
  const port = await findFreePort();
  const child = start([program, `--web.listen-address=127.0.0.1:${port}`, "--log.level=error"]);
  const scrape = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
  await until(() => scrape().then(Boolean, () => false));
  let isScraping = false;
  const timer = setInterval(() => {
    if (isScraping) return;
    isScraping = true;
    void scrape().finally(() => (isScraping = false));
  }, 1000);
  return exporter(child, () => clearInterval(timer));
}

/** netdata at its second a sample, with its own plugins off that are programs of their own, and no dashboard asked. */
export async function startNetdata(): Promise<Exporter> {
  const program = "/usr/sbin/netdata";
  if (!existsSync(program)) throw missing(program, "netdata");
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-netdata-"));
  for (const name of ["cache", "lib", "log"]) mkdirSync(join(folder, name));
  const port = await findFreePort();
  const set = (section: string, key: string, value: string) => ["-W", "set", section, key, value];
  const child = start([
    program,
    "-D",
    "-u",
    "root",
    "-p",
    String(port),
    "-i",
    "127.0.0.1",
    ...set("directories", "cache", join(folder, "cache")),
    ...set("directories", "lib", join(folder, "lib")),
    ...set("directories", "log", join(folder, "log")),
    ...set("plugins", "go.d", "no"),
    ...set("plugins", "python.d", "no"),
    ...set("plugins", "charts.d", "no"),
    ...set("plugins", "apps", "no"),
    ...set("db", "mode", "ram"),
  ]);
  await until(() =>
    fetch(`http://127.0.0.1:${port}/api/v1/info`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return exporter(child, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
}

function start(command: readonly string[]): ChildProcess {
  const [program = "", ...args] = pinned(cores.server, command);
  return spawn(program, args, { stdio: "ignore" });
}

async function until(isThere: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await isThere())) {
    if (performance.now() > deadline) throw new Error("it did not answer within 30 s");
    await delay(50);
  }
}

function exporter(child: ChildProcess, cleanUp: () => void): Exporter {
  return {
    pids: () => (child.pid === undefined ? [] : processTree(child.pid)),
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      cleanUp();
    },
  };
}

import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { findFreePort } from "../../../api/src/embedded/free-port.ts";
import { waitFor } from "./wait-for.ts";

export const repositoryRoot = join(import.meta.dirname, "../../../..");

/** The program behind `npm start`, once everything is built. */
export const embeddedEntry = join(repositoryRoot, "apps/api/src/embedded/main.ts");

/** A whole platform with its bridge, started as a user would, in a data directory of its own. */
export interface Quarterdeck {
  readonly url: string;
  readonly dataDir: string;
  /** The one-time link, where there is no account yet. */
  readonly setupLink: string | undefined;
  readonly process: ChildProcess;
  /** All that it has written to the terminal so far. */
  printed(): string;
  /** The process of a part, as it runs now. */
  pidOf(part: Part): number | undefined;
  /** Ctrl-C, and wait until it is gone. Returns the exit code. */
  stop(): Promise<number | null>;
}

export type Part = "api" | "relay" | "bridge";

const partMarks: Record<Part, string> = {
  api: "src/server.ts",
  relay: "relay.capnp",
  bridge: "quarterdeck-bridge.mjs",
};

/** Starts it and waits until it says that it is up. The build must be there. */
export async function startQuarterdeck(options: {
  dataDir: string;
  port?: number;
  args?: readonly string[];
  env?: NodeJS.ProcessEnv;
}): Promise<Quarterdeck> {
  const port = options.port ?? (await findFreePort());
  const child = spawn(
    process.execPath,
    [embeddedEntry, "--port", String(port), "--data", options.dataDir, ...(options.args ?? [])],
    {
      cwd: repositoryRoot,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const printed = collect(child);
  await waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`Quarterdeck ended with ${child.exitCode}:\n${printed()}`);
      return printed().includes("Ctrl-C stops everything.");
    },
    { what: () => `Quarterdeck to be up; it printed:\n${printed()}`, timeoutMs: 60_000 },
  );
  return {
    url: `http://localhost:${port}`,
    dataDir: options.dataDir,
    setupLink: /https?:\/\/\S+token=\S+/.exec(printed())?.[0],
    process: child,
    printed,
    pidOf: (part) => childrenOf(child.pid ?? -1).find((pid) => commandLine(pid).includes(partMarks[part])),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, "exit");
      child.kill("SIGINT");
      await ended;
      return child.exitCode;
    },
  };
}

/** Everything a process prints, to be read at any time. */
export function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8");
    stream?.on("data", (chunk: string) => (text += chunk));
  }
  return () => text;
}

/** The processes whose command line, working directory or environment names a folder. */
export function processesNaming(folder: string): number[] {
  return allPids().filter((pid) => pid !== process.pid && commandLine(pid).includes(folder));
}

/** For what may end by itself at the same time. */
export function killIfAlive(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export function isAlive(pid: number): boolean {
  try {
    // The state stands after the name, which is in brackets and may contain anything.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export function childrenOf(parent: number): number[] {
  return allPids().filter((pid) => {
    const stat = readProc(pid, "stat");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === parent;
  });
}

function commandLine(pid: number): string {
  return readProc(pid, "cmdline");
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // It ended while we looked.
  }
}

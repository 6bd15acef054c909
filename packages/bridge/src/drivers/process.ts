import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import type { DataDirectory } from "../data-directory.ts";
import type { Sandbox, SandboxPlace } from "../sandbox/sandbox.ts";
import type { ProgramCall } from "./program-call.ts";
import { findProgram } from "./search-path.ts";

interface SandboxOptions {
  readonly data: DataDirectory;
  /** More folders that runs must not see. Absolute, free of symbolic links. */
  readonly hidden: readonly string[];
  readonly folders: readonly string[];
  /** Where bubblewrap is, if it is not to be looked for. */
  readonly bubblewrap: string | undefined;
  readonly hasConsent: boolean;
}

const probeTimeoutMs = 10_000;

/** The folders to cover, outermost first, without those that lie in another. */
export function foldersToCover(folders: readonly string[]): string[] {
  const sorted = [...new Set(folders)].toSorted((a, b) => a.length - b.length);
  return sorted.filter((folder, index) => !sorted.slice(0, index).some((outer) => folder.startsWith(`${outer}${sep}`)));
}

function bubblewrapped(
  bubblewrap: string,
  covered: readonly string[],
  { call, place }: { readonly call: ProgramCall; readonly place: SandboxPlace },
): ProgramCall {
  return {
    ...call,
    program: bubblewrap,
    args: [
      "--dev-bind",
      "/",
      "/",
      // Without the machine's own devices: a run of root could read the disk itself.
      "--dev",
      "/dev",
      ...covered.flatMap((folder) => ["--tmpfs", folder]),
      ...place.writable.flatMap((folder) => ["--bind", folder, folder]),
      // Capabilities would let a run of root uncover what is covered.
      "--cap-drop",
      "ALL",
      "--unshare-pid",
      "--proc",
      "/proc",
      "--die-with-parent",
      "--new-session",
      "--chdir",
      call.directory,
      "--",
      call.program,
      ...call.args,
    ],
    directory: "/",
    ...(place.user ? { user: place.user } : {}),
  };
}

function run(call: ProgramCall): Promise<{ exitCode: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      call.program,
      [...call.args],
      { cwd: call.directory, env: { ...call.environment }, timeout: probeTimeoutMs, encoding: "utf8" },
      (error, stdout, stderr) => {
        const exitCode = error ? (typeof error.code === "number" ? error.code : -1) : 0;
        const output = `${stdout}${stderr}`.trim() || (error?.message ?? "");
        resolve({ exitCode, output: output.slice(0, 300) });
      },
    );
  });
}

/**
 * Where bubblewrap works, runs cannot see the bridge's files or other workspaces, nor any process outside the run.
 * Tries bubblewrap by running it, with a canary that must not be readable from inside.
 */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  const unwrapped = (call: ProgramCall, { user }: SandboxPlace) => (user ? { ...call, user } : call);
  const without = (reason: string): Sandbox => ({
    isolation: options.hasConsent ? "consented" : "missing",
    reason,
    wrap: unwrapped,
  });
  const bubblewrap = options.bubblewrap ?? findProgram("bwrap", options.folders);
  if (!bubblewrap) return without("bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap).");
  const covered = foldersToCover([options.data.path, ...options.hidden]);
  const wrap = (call: ProgramCall, place: SandboxPlace) => bubblewrapped(bubblewrap, covered, { call, place });
  const problem = await probe(options.data, wrap, options.folders);
  if (problem !== undefined) return without(`bubblewrap does not work here: ${problem}`);
  return { isolation: "hidden", reason: null, wrap };
}

async function probe(
  data: DataDirectory,
  wrap: Sandbox["wrap"],
  folders: readonly string[],
): Promise<string | undefined> {
  const cat = findProgram("cat", folders);
  if (!cat) return "the program cat was not found.";
  const visible = join(data.workspaces, ".probe");
  const canary = join(data.path, ".canary");
  const secret = randomBytes(16).toString("hex");
  mkdirSync(visible, { recursive: true, mode: 0o700 });
  writeFileSync(canary, secret, { mode: 0o600 });
  writeFileSync(join(visible, "file"), secret, { mode: 0o600 });
  const place: SandboxPlace = { writable: [visible], user: null, network: { mode: "all", hosts: [] } };
  const read = (file: string) => run(wrap({ program: cat, args: [file], directory: visible, environment: {} }, place));
  try {
    const [open, hidden] = await Promise.all([read(join(visible, "file")), read(canary)]);
    if (open.exitCode !== 0 || open.output !== secret) return open.output || `it ended with code ${open.exitCode}.`;
    if (hidden.output.includes(secret) || hidden.exitCode === 0)
      return "a file of the bridge could be read from inside.";
    return undefined;
  } finally {
    rmSync(visible, { recursive: true, force: true });
    rmSync(canary, { force: true });
  }
}

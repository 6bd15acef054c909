import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";

/** What keeps the platform's own files from programs that run on this machine. */
export type Isolation = "bubblewrap" | "consented" | "missing";

const question = `bubblewrap is not there or does not work, so programs that are run on this machine from the console
could read Quarterdeck's own files: its keys and its database. To prevent that, stop here and install it
(Debian, Ubuntu: apt install bubblewrap). Run programs on this machine all the same? [y/N] `;

/** Finds out how runs on this machine are kept away from the platform's files, and asks once where they are not. */
export async function decideIsolation(options: { dataDir: string; consents: boolean }): Promise<Isolation> {
  if (bubblewrapWorks()) return "bubblewrap";
  const consentFile = join(options.dataDir, "consent-no-isolation.json");
  if (existsSync(consentFile)) return "consented";
  if (!options.consents && !(await askAtTerminal())) return "missing";
  writeFileSync(consentFile, JSON.stringify({ consentedAt: new Date().toISOString() }), { mode: 0o600 });
  return "consented";
}

function bubblewrapWorks(): boolean {
  const probe = [
    "--ro-bind",
    "/",
    "/",
    "--tmpfs",
    "/tmp",
    "--unshare-pid",
    "--proc",
    "/proc",
    "--die-with-parent",
    "true",
  ];
  return spawnSync("bwrap", probe, { stdio: "ignore" }).status === 0;
}

async function askAtTerminal(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

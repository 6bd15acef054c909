import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { promisify } from "node:util";
import * as z from "zod";
import type { ChildSpec } from "./child.ts";

/** What keeps the platform's own files from programs that run on this machine. `reason`: why nothing does. */
export type Isolation =
  | { readonly kind: "hidden" }
  | { readonly kind: "consented" | "missing"; readonly reason: string };

const answerSchema = z.object({ isHidden: z.boolean(), reason: z.string().nullable() });
const run = promisify(execFile);

const question = (
  reason: string,
) => `Programs that are run on this machine from the console could read Quarterdeck's own files, its keys and its database:
${reason}
To prevent that, stop here and mend it. Run programs on this machine all the same? [y/N] `;

/**
 * Finds out how runs on this machine are kept away from the platform's files, and asks once where they are not.
 *
 * @param options.probe the bridge's own command that tries it out, so that terminal and bridge never say different things
 */
export async function decideIsolation(options: {
  dataDir: string;
  consents: boolean;
  probe: ChildSpec;
}): Promise<Isolation> {
  const { command, args, cwd, env } = options.probe;
  const { stdout } = await run(command, [...args], { cwd, env });
  const { isHidden, reason } = answerSchema.parse(JSON.parse(stdout));
  if (isHidden) return { kind: "hidden" };
  const why = reason ?? "bubblewrap does not work here.";
  const consentFile = join(options.dataDir, "consent-no-isolation.json");
  if (existsSync(consentFile)) return { kind: "consented", reason: why };
  if (!options.consents && !(await askAtTerminal(why))) return { kind: "missing", reason: why };
  writeFileSync(consentFile, JSON.stringify({ consentedAt: new Date().toISOString() }), { mode: 0o600 });
  return { kind: "consented", reason: why };
}

async function askAtTerminal(reason: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question(reason))).trim());
  } finally {
    terminal.close();
  }
}

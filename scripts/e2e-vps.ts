// `npm run e2e:vps`: the tests that need a whole server, which boots here. It fails, and skips nothing, where it cannot run.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot, runCommand, seconds } from "./run-command.ts";
import { ensureSystemPackages, vpsPrograms } from "./system-packages.ts";

const tools = join(repositoryRoot, "e2e/vps");
const cache = join(repositoryRoot, ".cache/vps");
/** A disk is built again when what builds it changes. */
const name = createHash("sha256")
  .update(readFileSync(join(tools, "build")))
  .digest("hex")
  .slice(0, 16);
const directory = join(cache, name);

function removeOlderDisks(): void {
  mkdirSync(cache, { recursive: true });
  for (const other of readdirSync(cache).filter((each) => each !== name))
    rmSync(join(cache, other), { recursive: true, force: true });
}

async function main(): Promise<boolean> {
  if (!(await ensureSystemPackages(vpsPrograms))) return false;
  removeOlderDisks();
  if (existsSync(directory)) await stopServers();
  const startedAtMs = performance.now();
  console.log("The disk of the test server…");
  const built = await runCommand([join(tools, "build"), directory], { isShown: true });
  if (built.exitCode !== 0) return false;
  console.log(`It is there (${seconds(startedAtMs)}).`);
  const tests = await runCommand(["pnpm", "--filter", "@quarterdeck/e2e", "run", "vps", ...process.argv.slice(2)], {
    isShown: true,
    environment: { QUARTERDECK_VPS: directory },
  });
  await stopServers();
  return tests.exitCode === 0;
}

/** The tests stop theirs; those of a run that was killed are left. */
async function stopServers(): Promise<void> {
  for (const file of readdirSync(directory).filter((each) => each.startsWith("pid-")))
    await runCommand([join(tools, "stop"), directory, file.slice("pid-".length)], { isShown: true });
}

// The tests get them as well, and this waits for what they leave.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.exitCode = (await main()) ? 0 : 1;

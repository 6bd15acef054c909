import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findFreePort } from "../../api/src/embedded/free-port.ts";
import {
  collect,
  embeddedEntry,
  isAlive,
  processesNaming,
  repositoryRoot,
  startQuarterdeck,
} from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

function npmStart(...args: string[]): { child: ChildProcess; printed: () => string } {
  const child = spawn("npm", ["start", "--", ...args], { cwd: repositoryRoot, stdio: ["ignore", "pipe", "pipe"] });
  return { child, printed: collect(child) };
}

async function end(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode;
}

it("explains its options", async () => {
  const { child, printed } = npmStart("--help");
  expect(await end(child)).toBe(0);
  for (const option of ["--port", "--data", "--host", "--public-url"]) expect(printed()).toContain(option);
});

it("says which port is taken and how to choose another", async () => {
  using data = temporaryFolder();
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const { child, printed } = npmStart("--port", String(port), "--data", data.path);
  expect(await end(child)).not.toBe(0);
  expect(printed()).toMatch(new RegExp(`Port ${port} .* already taken.*--port ${port + 1}`));
  taken.close();
});

it("refuses an address that others reach without https", async () => {
  using data = temporaryFolder();
  const { child, printed } = npmStart(
    "--port",
    String(await findFreePort()),
    "--data",
    data.path,
    "--public-url",
    "http://deck.example.org",
  );
  expect(await end(child)).not.toBe(0);
  expect(printed()).toMatch(/QUARTERDECK_PUBLIC_URL.*https/s);
  expect(processesNaming(data.path)).toEqual([]);
});

it("refuses a second start on the same data, ends cleanly on Ctrl-C, and finds everything as it was", async () => {
  using data = temporaryFolder();
  const first = await startQuarterdeck({ dataDir: data.path });
  const second = npmStart("--port", String(await findFreePort()), "--data", data.path);
  expect(await end(second.child)).not.toBe(0);
  expect(second.printed()).toContain(`in use by another Quarterdeck (process ${first.process.pid}`);

  const platformKey = await (await fetch(`${first.url}/enrol`)).json();
  expect(await first.stop()).toBe(0);
  expect(processesNaming(data.path)).toEqual([]);

  const again = await startQuarterdeck({ dataDir: data.path });
  expect(await (await fetch(`${again.url}/enrol`)).json()).toEqual(platformKey);
  await again.stop();
});

it("leaves no process behind when it is killed", async () => {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  await waitFor(() => quarterdeck.pidOf("bridge"), { what: "the bridge" });
  expect(processesNaming(data.path).length).toBeGreaterThan(0);
  quarterdeck.process.kill("SIGKILL");
  await waitFor(() => processesNaming(data.path).length === 0, {
    what: () => `no process to be left, but ${processesNaming(data.path).join()} are`,
  });
});

it("leaves no process behind when it is killed on a system without setpriv", async () => {
  using data = temporaryFolder();
  using programs = temporaryFolder();
  for (const folder of (process.env["PATH"] ?? "").split(":").filter(existsSync)) {
    for (const name of readdirSync(folder)) {
      const link = join(programs.path, name);
      if (name !== "setpriv" && !existsSync(link)) symlinkSync(join(folder, name), link);
    }
  }
  const quarterdeck = await startQuarterdeck({ dataDir: data.path, env: { PATH: programs.path } });
  const parts = await waitFor(
    () => {
      const pids = processesNaming("guard.ts").filter((pid) => processesNaming(data.path).includes(pid));
      return pids.length === 3 ? [...pids, ...processesNaming(data.path)] : undefined;
    },
    { what: "three guarded parts" },
  );
  quarterdeck.process.kill("SIGKILL");
  await waitFor(() => !parts.some(isAlive) && processesNaming(data.path).length === 0, {
    what: "no process to be left",
  });
  const again = await startQuarterdeck({ dataDir: data.path });
  expect(await again.stop()).toBe(0);
});

it.each([
  [["--data", "/dev/null/data"], {}, /\/dev\/null is not a directory.*--data/],
  [["--data", "/proc/quarterdeck"], {}, /nothing can be written there.*--data/],
  [[], { QUARTERDECK_LOG_LEVEL: "loud" }, /QUARTERDECK_LOG_LEVEL/],
  [[], { QUARTERDECK_DATABASE_URL: "mysql:x" }, /QUARTERDECK_DATABASE_URL/],
  [["--host", "0.0.0.0"], {}, /QUARTERDECK_PUBLIC_URL/],
  [["--port", "http"], {}, /--port must be/],
])("refuses %j %j before anything starts, naming what to change", async (args, env, message) => {
  using data = temporaryFolder();
  const child = spawn(
    process.execPath,
    [embeddedEntry, "--port", String(await findFreePort()), "--data", data.path, ...args],
    {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const printed = collect(child);
  expect(await end(child)).toBe(2);
  expect(printed()).toMatch(message);
  expect(printed()).not.toContain("Starting");
});

it("leaves no process behind when npm is killed", async () => {
  using data = temporaryFolder();
  const { child, printed } = npmStart("--port", String(await findFreePort()), "--data", data.path);
  await waitFor(() => printed().includes("Ctrl-C stops everything."), {
    what: () => `it to be up: ${printed()}`,
    timeoutMs: 60_000,
  });
  child.kill("SIGKILL");
  await waitFor(() => processesNaming(data.path).length === 0, { what: "no process to be left" });
  expect(printed()).toContain("Stopped.");
});

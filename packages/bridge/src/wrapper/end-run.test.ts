import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { makeId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { Changes } from "../../test/changes.ts";
import { endRun, killRun } from "./end-run.ts";
import { findRunProcesses, processStartTicks } from "./processes.ts";
import { runMarker } from "./wrapper-spec.ts";

const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); process.stdout.write('.')";

/** A program without a sandbox that leaves a double-forked child in a session of its own. Both ignore SIGTERM. */
function startForking(runId: string) {
  const child = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { detached: true, stdio: 'inherit' }).unref()`;
  const script = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { detached: true, stdio: 'inherit' }); ${stubborn}`;
  return spawn(process.execPath, ["-e", script], {
    detached: true,
    env: { [runMarker]: runId },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

it("leaves no process of a run without a sandbox, not even a double-forked one that ignores signals [S8]", async () => {
  const runId = makeId("run", Date.now(), randomBytes(16));
  const program = startForking(runId);
  let dots = 0;
  program.stdout.on("data", (data: Buffer) => (dots += data.length));
  await new Changes().until(() => dots === 2, "the processes");
  const processes = findRunProcesses(runId, program.pid);
  expect(processes).toHaveLength(2);
  await endRun({ runId, session: program.pid }, 200);
  for (const { pid } of processes) expect(processStartTicks(pid)).toBeUndefined();
});

it("touches no process of another run", async () => {
  const mine = makeId("run", Date.now(), randomBytes(16));
  const other = makeId("run", Date.now(), randomBytes(16));
  const program = spawn(process.execPath, ["-e", stubborn], {
    env: { [runMarker]: other },
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise((resolve) => program.stdout.once("data", resolve));
  await killRun(mine);
  expect(findRunProcesses(other)).toHaveLength(1);
  await killRun(other);
});

import { once } from "node:events";
import { chownSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ProgramCall } from "../src/drivers/program-call.ts";
import { runCall } from "../src/drivers/run-call.ts";
import { startCall, TestSandbox } from "./sandboxed-program.ts";

type Seen = Readonly<Record<string, string | null>>;

const probe = join(import.meta.dirname, "probe/probe.mjs");

/** Every way that the probe tries. */
const ways = [
  "homeFile",
  "projectFile",
  "workspaceFolder",
  "hardLink",
  "tmpFile",
  "varTmpFile",
  "sharedMemoryFile",
  "messageQueue",
  "sysvMemory",
  "sysvSemaphore",
  "sysvQueue",
  "processArguments",
  "processEnvironment",
  "processFolder",
  "processMemory",
  "processSignal",
  "tcpPort",
  "tcpOtherAddress",
  "udpPort",
  "socketTable",
  "abstractSocket",
  "abstractTable",
  "tmpSocket",
  "homeSocket",
  "keyring",
  "mountTable",
  "cgroup",
  "fileLock",
] as const;

/** What one program can leave that another cannot find anywhere, on a machine without message queues mounted or another mount. */
const unseenWithoutSandbox = ["messageQueue", "mountTable"];

async function probeBetween(plant: ProgramCall, look: (planted: string) => ProgramCall): Promise<Seen> {
  const { child, line } = await startCall(plant);
  try {
    const { output, errors } = await runCall(look(line), { timeoutMs: 60_000, outputBytes: 1024 * 1024 });
    if (output === "") throw new Error(errors);
    return JSON.parse(output) as Seen;
  } finally {
    child.stdin?.end();
    await once(child, "exit");
  }
}

describe("what one workspace sees of another", () => {
  let test: TestSandbox;
  let seen: Seen;
  beforeAll(async () => {
    test = await TestSandbox.open();
    const [first, second] = [test.workspace(), test.workspace()];
    // Nothing of this repository is in the sandbox, so each has a copy.
    for (const { project } of [first, second]) cpSync(probe, join(project, "probe.mjs"));
    const look = (planted: string) => second.call(process.execPath, ["probe.mjs", "look", planted]);
    seen = await probeBetween(first.call(process.execPath, ["probe.mjs", "plant"]), look);
  });
  afterAll(() => test[Symbol.dispose]());

  it.each(ways)("[S7] nothing by %s", (way) => {
    expect(seen).toHaveProperty(way, null);
  });

  it("and nothing by any way that this list has not", () => {
    expect(Object.keys(seen).toSorted()).toEqual([...ways].toSorted());
  });
});

it("a bridge without root hides just as much, and says that its workspaces have no users of their own [S7]", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qd-without-root-"));
  const nobody = { uid: 65534, gid: 65534 };
  const isRoot = process.getuid?.() === 0;
  if (isRoot) chownSync(folder, nobody.uid, nobody.gid);
  try {
    const call: ProgramCall = {
      program: process.execPath,
      args: [join(import.meta.dirname, "probe/without-root.ts")],
      directory: folder,
      environment: { PATH: process.env["PATH"] ?? "", HOME: folder, TMPDIR: folder },
      ...(isRoot ? { user: nobody } : {}),
    };
    const { output, errors } = await runCall(call, { timeoutMs: 60_000, outputBytes: 1024 * 1024 });
    if (output === "") throw new Error(errors);
    const { isolation, facts, seen } = JSON.parse(output) as { isolation: string; facts: object; seen: Seen };
    expect(isolation).toBe("hidden");
    expect(facts).toMatchObject({ workspaceUsers: false, network: "shared" });
    expect(ways.filter((way) => seen[way] !== null)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** The probe sees what can be seen: without a sandbox it finds nearly everything. */
it("the probe finds what is left where nothing hides it", async () => {
  const home = mkdtempSync(join(tmpdir(), "qd-probe-"));
  const call = (...args: string[]): ProgramCall => ({
    program: process.execPath,
    args: [probe, ...args],
    directory: home,
    environment: { PATH: process.env["PATH"] ?? "", HOME: home },
  });
  try {
    const seen = await probeBetween(call("plant"), (planted) => call("look", planted));
    const missed = ways.filter((way) => seen[way] === null);
    expect(missed.filter((way) => !unseenWithoutSandbox.includes(way))).toEqual([]);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { DataDirectory } from "../data-directory.ts";
import type { ProgramCall } from "../drivers/program-call.ts";
import { findProgram, searchPath } from "../drivers/search-path.ts";
import { judgeCanary, tryCanary } from "./canary.ts";
import { openSandbox, type OpenedSandbox } from "./open-sandbox.ts";
import { bridgeUser } from "./workspace-users.ts";

const folders = searchPath(process.env["PATH"]);
const shell = findProgram("sh", folders) ?? "";
let data: DataDirectory;
let sandbox: OpenedSandbox;
beforeAll(async () => {
  data = DataDirectory.open(realpathSync(mkdtempSync(join(tmpdir(), "qd-canary-"))));
  sandbox = await openSandbox({ data, hidden: [], folders, bubblewrap: undefined, hasConsent: false });
  if (sandbox.reason !== null) throw new Error(sandbox.reason);
});
afterAll(() => rmSync(data.path, { recursive: true, force: true }));

/** Tries a sandbox whose calls were changed. */
function tryWith(change: (call: ProgramCall) => ProgramCall): Promise<string | undefined> {
  const user = sandbox.users === null ? null : bridgeUser(data.path, 0);
  return tryCanary({
    sandbox: { wrap: (call, place) => change(sandbox.wrap(call, place)) },
    folder: join(data.path, "sandbox"),
    dataPath: data.path,
    shell,
    path: folders.join(":"),
    user,
  });
}

/** Leaves arguments of bubblewrap's out. */
const without =
  (...left: readonly string[]) =>
  (call: ProgramCall): ProgramCall => ({ ...call, args: call.args.filter((arg) => !left.includes(arg)) });
/** Puts arguments before those that start the program. */
const withMore =
  (...more: readonly string[]) =>
  (call: ProgramCall): ProgramCall => {
    const at = call.args.indexOf("--chdir");
    return { ...call, args: [...call.args.slice(0, at), ...more, ...call.args.slice(at)] };
  };

it("finds nothing wrong with the sandbox as it is", async () => {
  expect(await tryWith((call) => call)).toBeUndefined();
});

it.each([
  ["no filter of system calls", without("--seccomp", "3"), "no filter of system calls"],
  ["shared memory of the machine", without("--unshare-ipc"), "shared with the outside"],
  ["processes of the machine", without("--unshare-pid"), "shared with the outside"],
  ["the network of the machine", without("--unshare-net"), "shared with the outside"],
  [
    "folders that can be written",
    withMore("--tmpfs", "/run", "--chmod", "777", "/run"),
    "could be changed from inside",
  ],
])("[S7] sees a sandbox with %s", async (_what, change, reason) => {
  expect(await tryWith(change)).toContain(reason);
});

it("[S7] sees a sandbox that shows files of another workspace", async () => {
  const neighbour = join(data.path, "sandbox", `canary-${process.pid}`, "neighbour");
  expect(await tryWith(withMore("--ro-bind", neighbour, neighbour))).toBe("a secret could be read from inside.");
});

it("[S7] sees no sandbox at all, and one in which nothing starts", async () => {
  const bare = ({ args, environment }: ProgramCall): ProgramCall => {
    const at = args.indexOf(shell);
    return { program: shell, args: args.slice(at + 1), directory: "/", environment };
  };
  expect(await tryWith(bare)).toContain("secret");
  expect(await tryWith(withMore("--ro-bind", "/nowhere", "/nowhere"))).toMatch(
    /^bubblewrap does not work here: bwrap: .*nowhere/,
  );
});

it("[S7] believes only a trial that got to its end", () => {
  expect(judgeCanary("")).toBe("the trial inside did not get to its end.");
  expect(judgeCanary("inside held\nbridge held\n")).toBe("the trial inside did not get to its end.");
  expect(judgeCanary("inside held\nbridge broken\n")).toContain("a file of the bridge");
});

it("a bridge whose trial fails says why, and wraps nothing that was to be kept from the network [S7]", async () => {
  const other = join(data.path, "other");
  mkdirSync(other);
  const options = { data: DataDirectory.open(other), hidden: [], folders, bubblewrap: "/bin/true" };
  const refusing = await openSandbox({ ...options, hasConsent: false });
  expect(refusing).toMatchObject({ isolation: "missing", users: null });
  const consented = await openSandbox({ ...options, hasConsent: true });
  expect(consented.isolation).toBe("consented");
  const call = { program: shell, args: [], directory: "/", environment: {} };
  const place = { writable: [], user: null };
  expect(consented.wrap(call, { ...place, network: { mode: "all", hosts: [] } })).toBe(call);
  for (const mode of ["none", "allowList"] as const)
    expect(() => consented.wrap(call, { ...place, network: { mode, hosts: [] } })).toThrow("cannot hold them to that");
});

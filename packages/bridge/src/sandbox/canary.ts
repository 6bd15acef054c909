import { randomBytes } from "node:crypto";
import { mkdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCall } from "../drivers/run-call.ts";
import { isInContainer } from "../container.ts";
import { explainBubblewrap } from "./explain-bubblewrap.ts";
import { makeOwnFolder } from "./own-folder.ts";
import type { Sandbox, SandboxPlace } from "./sandbox.ts";

const canaryTimeoutMs = 20_000;
const outputBytes = 64 * 1024;

/** What the script finds out, by what it prints. A line that is missing says that the script did not get so far. */
const findings = {
  inside: "it cannot use its own folder",
  bridge: "a file of the bridge could be read from inside",
  neighbour: "a file of another workspace could be read from inside",
  namespaces: "files, processes, shared memory or the network are shared with the outside",
  system: "the system's files could be changed from inside",
  mount: "something could be mounted inside",
  further: "a new user namespace could be made inside",
  capabilities: "programs inside have capabilities, or can get some",
  filter: "programs inside have no filter of system calls",
  user: "programs inside do not run as the workspace's user",
} as const;
type Finding = keyof typeof findings;

/** Namespaces that a run must not share with the bridge. */
const ownNamespaces = ["mnt", "pid", "ipc", "uts", "net"];

/**
 * It tries what a hostile run would, and does no harm where it succeeds: then it may have the machine before it. Each line says
 * `name held` or `name broken`.
 */
const script = `
say() { if [ "$2" = 0 ]; then echo "$1 held"; else echo "$1 broken"; fi; }
own=$1; bridge=$2; neighbour=$3; uid=$4; shift 4
[ "$(cat "$own/file")" = inside ] && echo x > "$own/written" && [ -s "$own/written" ]; say inside $?
! cat "$bridge" 2>/dev/null; say bridge $?
! cat "$neighbour" 2>/dev/null; say neighbour $?
shared=0; for name in "$@"; do [ "$(readlink "/proc/self/ns/\${name%%:*}")" != "$name" ] || shared=1; done; say namespaces $shared
open=0; for place in / /usr /etc /var /run; do [ ! -w "$place" ] || open=1; done; say system $open
! mount -t tmpfs none "$own" 2>/dev/null || ! umount "$own"; say mount $?
! unshare -U true 2>/dev/null; say further $?
status=$(cat /proc/self/status)
has() { case "$status" in *"$1:\t$2"*) return 0;; esac; return 1; }
has CapEff 0000000000000000 && has CapPrm 0000000000000000 && has NoNewPrivs 1; say capabilities $?
has Seccomp 2; say filter $?
has Uid "$uid\t$uid\t$uid\t$uid"; say user $?
`;

/** What did not hold, in a sentence; `undefined` when everything did. */
export function judgeCanary(output: string): string | undefined {
  const said = new Map(output.split("\n").map((line) => line.split(" ") as [string, string | undefined]));
  const broken = (Object.keys(findings) as Finding[]).filter((name) => said.get(name) !== "held");
  const known = broken.filter((name) => said.get(name) === "broken");
  if (known.length > 0) return `${known.map((name) => findings[name]).join("; ")}.`;
  return broken.length > 0 ? "the trial inside did not get to its end." : undefined;
}

interface CanaryOptions {
  readonly sandbox: Pick<Sandbox, "wrap">;
  /** The sandbox's own files are there; runs must not see them. */
  readonly folder: string;
  /** The bridge's own files are there. */
  readonly dataPath: string;
  readonly shell: string;
  readonly path: string;
  readonly user: SandboxPlace["user"];
}

/**
 * Runs a program in the sandbox that tries to get out, with secrets put where it must not reach.
 *
 * @returns why the sandbox does not hold, or `undefined`
 */
export async function tryCanary({
  sandbox,
  folder,
  dataPath,
  shell,
  path,
  user,
}: CanaryOptions): Promise<string | undefined> {
  const trial = join(folder, `canary-${process.pid}`);
  const own = join(trial, "own");
  const neighbour = join(trial, "neighbour");
  const bridgeFile = join(dataPath, `.canary-${process.pid}`);
  const secret = randomBytes(16).toString("hex");
  mkdirSync(trial, { recursive: true, mode: 0o755 });
  makeOwnFolder(own, user);
  mkdirSync(neighbour, { recursive: true, mode: 0o755 });
  // Everybody may read them: only the sandbox keeps them away.
  for (const file of [bridgeFile, join(neighbour, "secret")]) writeFileSync(file, secret, { mode: 0o644 });
  writeFileSync(join(own, "file"), "inside\n", { mode: 0o644 });
  const uid = user?.uid ?? process.getuid?.() ?? 0;
  const outside = ownNamespaces.map((name) => readlinkSync(`/proc/self/ns/${name}`));
  const args = ["-c", script, "canary", own, bridgeFile, join(neighbour, "secret"), String(uid), ...outside];
  try {
    const call = { program: shell, args, directory: own, environment: { PATH: path, HOME: own } };
    const place: SandboxPlace = { writable: [own], user, network: { mode: "none", hosts: [] } };
    const end = await runCall(sandbox.wrap(call, place), { timeoutMs: canaryTimeoutMs, outputBytes });
    if (end.output.includes(secret)) return "a secret could be read from inside.";
    const judgement = judgeCanary(end.output);
    return judgement !== undefined && end.output === "" && end.errors !== ""
      ? explainBubblewrap(end.errors, { isContainer: isInContainer() })
      : judgement;
  } finally {
    rmSync(trial, { recursive: true, force: true });
    rmSync(bridgeFile, { force: true });
  }
}

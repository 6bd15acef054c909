import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { SandboxFacts } from "@quarterdeck/core/protocol/capabilities";
import type { DataDirectory } from "../data-directory.ts";
import type { Companion, ProgramCall } from "../drivers/program-call.ts";
import { findProgram } from "../drivers/search-path.ts";
import { writeWhole } from "../durable-file.ts";
import { errorMessage, type Log } from "../log.ts";
import { tryCanary } from "./canary.ts";
import { EgressMeters } from "./network/egress-meters.ts";
import { egressPort, egressSocketName, proxyVariables } from "./network/egress-socket.ts";
import { NetworkNamespaces } from "./network/network-namespaces.ts";
import { PasswdFiles, passwdText } from "./passwd-file.ts";
import { egressMountPoint, sandboxedCall, type SandboxLayout } from "./profile.ts";
import { readLayout } from "./read-layout.ts";
import type { Sandbox, SandboxPlace } from "./sandbox.ts";
import { bridgeUser, hasWorkspaceIds, indexOfUser, WorkspaceUsers } from "./workspace-users.ts";

export interface SandboxOptions {
  readonly data: DataDirectory;
  /** More folders that runs must not see. Absolute, free of symbolic links. */
  readonly hidden: readonly string[];
  readonly folders: readonly string[];
  /** Where bubblewrap is, if it is not to be looked for. */
  readonly bubblewrap: string | undefined;
  readonly hasConsent: boolean;
  /** Whether workspaces get networks of their own, which changes the machine's. Only root can. */
  readonly ownNetworks?: boolean;
  readonly log?: Pick<Log, "warn">;
}

const silent: Pick<Log, "warn"> = { warn: () => undefined };

export interface OpenedSandbox extends Sandbox {
  /** Null: all runs are of the bridge's own user. */
  readonly users: WorkspaceUsers | null;
  readonly facts: SandboxFacts;
  /** What the proxies of runs may pass on, and count; null: there are none. */
  readonly egress: EgressMeters | null;
  /** The networks of workspaces, where they have some of their own. */
  readonly networks: NetworkNamespaces | null;
}

/** The number of no workspace: this user owns the proxies, and tries the sandbox out. */
const proxyIndex = 0;

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function canGiveUsers(layout: SandboxLayout): boolean {
  const hasIds = ["uid_map", "gid_map"].every((name) => hasWorkspaceIds(readFileSync(`/proc/self/${name}`, "utf8")));
  return isRoot() && hasIds && layout.setpriv !== null;
}

/** Bundled beside the bundle, and source beside the source. */
function ownScript(name: string): string {
  return extname(import.meta.filename) === ".ts"
    ? join(import.meta.dirname, `../${name}.ts`)
    : join(import.meta.dirname, `${name}.mjs`);
}

/** Makes the sandbox of this machine and tries to get out of it. One that does not hold is none. */
export async function openSandbox(options: SandboxOptions): Promise<OpenedSandbox> {
  const { data, folders, hasConsent, log = silent } = options;
  const without = (reason: string): OpenedSandbox => ({
    isolation: hasConsent ? "consented" : "missing",
    reason,
    users: null,
    facts: { reason: reason.slice(0, 1000), workspaceUsers: false, network: "shared", networkReason: null },
    egress: null,
    networks: null,
    wrap: (call, place) => {
      refuseWithoutSandbox(place, reason);
      return call;
    },
  });
  const bubblewrap = options.bubblewrap ?? findProgram("bwrap", folders);
  if (!bubblewrap) return without("bubblewrap is not installed (Debian, Ubuntu: apt install bubblewrap).");
  const shell = findProgram("sh", folders);
  if (!shell) return without("the program sh was not found.");
  const folder = join(data.path, "sandbox");
  try {
    const machine = readLayout({
      bubblewrap,
      folder,
      folders,
      programs: defaultPrograms,
      hidden: [data.path, ...options.hidden],
    });
    // Programs of the bridge's own run inside too, and by its own Node: the machine may have another, or none.
    const layout = { ...machine, tools: [...machine.tools, process.execPath] };
    const networks = options.ownNetworks ? openNetworks(layout, folders, folder) : "Own networks were not asked for.";
    const sandbox = new BubblewrapSandbox({ layout, folder, dataPath: data.path, networks, log });
    const trial = { sandbox, folder, dataPath: data.path, shell, path: folders.join(":") };
    const problem = await tryCanary({
      ...trial,
      user: sandbox.users === null ? null : bridgeUser(data.path, proxyIndex),
    });
    return problem === undefined ? sandbox : without(problem);
  } catch (error) {
    return without(`the sandbox could not be made: ${errorMessage(error)}`);
  }
}

/** @returns why there are none, as a sentence, where the machine cannot have them */
function openNetworks(layout: SandboxLayout, folders: readonly string[], folder: string): NetworkNamespaces | string {
  if (!canGiveUsers(layout)) return "Own networks take root and users of their own.";
  try {
    return NetworkNamespaces.open(folders, folder);
  } catch (error) {
    return `Own networks cannot be made: ${errorMessage(error)}`;
  }
}

/** A bridge whose owner agreed to do without a sandbox still keeps what a project was promised about the network. */
function refuseWithoutSandbox({ network, promised = network }: SandboxPlace, reason: string): void {
  if (promised.mode === "all") return;
  const wanted = promised.mode === "none" ? "no network" : "only some hosts";
  throw new QuarterdeckError(
    "SANDBOX_UNAVAILABLE",
    `This project's runs may reach ${wanted}, and this server cannot hold them to that: ${reason}`,
  );
}

class BubblewrapSandbox implements OpenedSandbox {
  readonly isolation = "hidden";
  readonly reason = null;
  readonly users: WorkspaceUsers | null;
  readonly facts: SandboxFacts;
  readonly egress: EgressMeters;
  readonly networks: NetworkNamespaces | null;
  readonly #layout: SandboxLayout;
  readonly #egressFolder: string;
  readonly #forwarder: string;
  readonly #dataPath: string;
  readonly #passwd: PasswdFiles;

  constructor({
    layout,
    folder,
    dataPath,
    networks,
    log,
  }: {
    layout: SandboxLayout;
    folder: string;
    dataPath: string;
    networks: NetworkNamespaces | string;
    log: Pick<Log, "warn">;
  }) {
    const hasUsers = canGiveUsers(layout);
    this.users = hasUsers ? WorkspaceUsers.open(join(folder, "users.json"), dataPath) : null;
    this.networks = typeof networks === "string" ? null : networks;
    this.facts = {
      reason: null,
      workspaceUsers: hasUsers,
      network: this.networks === null ? "shared" : "own",
      networkReason: typeof networks === "string" ? networks.slice(0, 500) : null,
    };
    this.#layout = layout;
    this.#egressFolder = join(folder, "egress");
    this.#dataPath = dataPath;
    this.#passwd = new PasswdFiles(folder);
    // The bridge's own files may be for its user only; this one is read inside.
    this.#forwarder = join(folder, `forwarder${extname(import.meta.filename)}`);
    writeWhole(this.#forwarder, readFileSync(ownScript("forwarder")));
    chmodSync(this.#forwarder, 0o644);
    mkdirSync(this.#egressFolder, { recursive: true, mode: 0o700 });
    this.egress = new EgressMeters(join(folder, "meters"), log);
  }

  wrap(call: ProgramCall, place: SandboxPlace): ProgramCall {
    const home = call.environment["HOME"] ?? "/";
    const user = place.user ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const passwdFile = this.#passwd.file(passwdText(user, home));
    const none = { passwdFile, egressFolder: null, resolvFile: null };
    const wrapped = (extras: Parameters<typeof sandboxedCall>[1]["extras"]) =>
      sandboxedCall(this.#layout, { call, place, extras, before: [] });
    switch (place.network.mode) {
      case "none":
        return wrapped({ ...none, keepsNetwork: false });
      case "all":
        if (this.networks === null || place.user === null) return wrapped({ ...none, keepsNetwork: true });
        return this.#inOwnNetwork(
          wrapped({ ...none, resolvFile: this.networks.resolvFile, keepsNetwork: true }),
          this.networks.enter(indexOfUser(place.user)),
        );
      case "allowList":
        return this.#withProxy(call, place, passwdFile);
    }
  }

  #inOwnNetwork(call: ProgramCall, [program = "", ...args]: readonly string[]): ProgramCall {
    return { ...call, program, args: [...args, call.program, ...call.args] };
  }

  #withProxy(call: ProgramCall, place: SandboxPlace, passwdFile: string): ProgramCall {
    const egressFolder = join(this.#egressFolder, randomUUID());
    const socket = join(egressMountPoint, egressSocketName);
    const layout = { ...this.#layout, tools: [...this.#layout.tools, this.#forwarder] };
    const user = place.user === null ? null : bridgeUser(this.#dataPath, proxyIndex);
    const companion: Companion = {
      program: process.execPath,
      args: [
        ownScript("egress"),
        user === null ? "-" : String(user.uid),
        place.of === undefined ? "-" : this.egress.place(place.of),
        ...place.network.hosts,
      ],
      directory: egressFolder,
      user,
    };
    const wrapped = sandboxedCall(layout, {
      call: { ...call, environment: { ...call.environment, ...proxyVariables() } },
      place,
      extras: { passwdFile, egressFolder, resolvFile: null, keepsNetwork: false },
      before: [process.execPath, this.#forwarder, String(egressPort), socket],
    });
    return { ...wrapped, companion };
  }
}

import { dirname } from "node:path";
import type { ProgramCall } from "../drivers/program-call.ts";
import type { SandboxPlace } from "./sandbox.ts";

/** Where on a machine the things are that every run sees. */
export interface SandboxLayout {
  readonly bubblewrap: string;
  /** From util-linux; only a bridge of root needs it. */
  readonly setpriv: string | null;
  /** The system's own folders; with `link`, one that is a symbolic link, as on a machine with a merged /usr. */
  readonly system: readonly { readonly path: string; readonly link: string | null }[];
  /** Folders and files of programs that are installed elsewhere. */
  readonly tools: readonly string[];
  /** The folder that is their /etc. */
  readonly etc: string;
  /** Files of the machine's /etc that they see as they are. */
  readonly liveEtc: readonly string[];
  /** Files of /proc that say something about others. */
  readonly masked: readonly string[];
  readonly seccompFile: string;
}

/** What a single run gets beyond that. */
export interface SandboxExtras {
  /** Its /etc/passwd. */
  readonly passwdFile: string;
  /** The folder with the socket of its proxy. */
  readonly egressFolder: string | null;
  /** Its /etc/resolv.conf, where that is not the machine's. */
  readonly resolvFile: string | null;
  /** It keeps the network in which it is started: the machine's, or its workspace's. Otherwise it gets one that leads nowhere. */
  readonly keepsNetwork: boolean;
}

/** Where the proxy's socket is, as a run sees it. */
export const egressMountPoint = "/run/quarterdeck";

/** The descriptor that the wrapper opens the filter as: the first of `ProgramCall.files`. */
const seccompDescriptor = "3";

/** What it takes to enter a folder of the workspace's user and to become that user. Who has become it has none of them. */
const userChange = ["CAP_DAC_READ_SEARCH", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"];

/**
 * The arguments with which bubblewrap makes a run's sandbox: nothing of the machine is in it but what is named here. A later
 * one covers an earlier one, so what can be written comes last.
 */
export function sandboxArguments(
  layout: SandboxLayout,
  place: SandboxPlace,
  { passwdFile, egressFolder, resolvFile, keepsNetwork }: SandboxExtras,
): string[] {
  const readOnly = (path: string, target = path) => ["--ro-bind", path, target];
  // Made by itself, the way to a folder would have that folder's mode: nobody but root would get to another user's.
  const way = (path: string) => ["--dir", dirname(path)];
  return [
    layout.system.flatMap(({ path, link }) => (link === null ? readOnly(path) : ["--symlink", link, path])),
    readOnly(layout.etc, "/etc"),
    layout.liveEtc.flatMap((path) => readOnly(path)),
    resolvFile === null ? [] : readOnly(resolvFile, "/etc/resolv.conf"),
    readOnly(passwdFile, "/etc/passwd"),
    ["--dev", "/dev", "--proc", "/proc"],
    layout.masked.flatMap((path) => readOnly("/dev/null", path)),
    ["--perms", "1777", "--tmpfs", "/dev/shm", "--perms", "1777", "--tmpfs", "/tmp"],
    ["--dir", "/var", "--symlink", "../tmp", "/var/tmp", "--dir", "/run"],
    layout.tools.flatMap((path) => [...way(path), ...readOnly(path)]),
    egressFolder === null ? [] : readOnly(egressFolder, egressMountPoint),
    place.writable.flatMap((path) => [...way(path), "--bind", path, path]),
    ["--remount-ro", "/"],
    ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"],
    keepsNetwork ? [] : ["--unshare-net"],
    ["--die-with-parent", "--new-session", "--cap-drop", "ALL"],
    place.user === null ? [] : userChange.flatMap((capability) => ["--cap-add", capability]),
    ["--seccomp", seccompDescriptor],
  ].flat();
}

/** Becomes the workspace's user, inside: bubblewrap can find folders only as root, and a program must not be root. */
export function userArguments({ setpriv }: SandboxLayout, { user }: SandboxPlace): string[] {
  if (user === null) return [];
  if (setpriv === null) throw new Error("a workspace has a user, and there is no program to become it");
  return [
    setpriv,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--clear-groups",
    "--inh-caps=-all",
    "--bounding-set=-all",
    "--",
  ];
}

/** A call in its sandbox. `before` runs in it first, as the run's user, and starts what follows it. */
export function sandboxedCall(
  layout: SandboxLayout,
  {
    call,
    place,
    extras,
    before,
  }: { call: ProgramCall; place: SandboxPlace; extras: SandboxExtras; before: readonly string[] },
): ProgramCall {
  return {
    ...call,
    program: layout.bubblewrap,
    args: [
      ...sandboxArguments(layout, place, extras),
      "--chdir",
      call.directory,
      "--",
      ...userArguments(layout, place),
      ...before,
      call.program,
      ...call.args,
    ],
    directory: "/",
    files: [layout.seccompFile],
  };
}

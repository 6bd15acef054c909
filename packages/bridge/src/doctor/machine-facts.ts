import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { isInContainer } from "../container.ts";
import { machineQuotas, quotaTools } from "../drivers/quota-system.ts";

/** What the kernel and the system of this machine say about themselves, as far as limits and isolation depend on it. */
export interface MachineFacts {
  readonly kernelRelease: string;
  readonly cgroup: { readonly version: 0 | 1 | 2; readonly controllers: readonly string[] };
  /** Settings that forbid namespaces to ordinary users, as `sysctl` names and sets them. Empty: they are allowed. */
  readonly namespaceBans: readonly string[];
  readonly hasPressure: boolean;
  readonly isContainer: boolean;
  readonly isSystemd: boolean;
  /** The file system of the bridge's files. */
  readonly fileSystem: FileSystem | null;
  /** Tools that set and read quotas and are not installed. */
  readonly missingQuotaTools: readonly string[];
}

export interface FileSystem {
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** The settings that forbid user namespaces, and the values that do. */
const banSettings = {
  "kernel.unprivileged_userns_clone": { bans: "0", mend: "1" },
  "user.max_user_namespaces": { bans: "0", mend: "15000" },
  "kernel.apparmor_restrict_unprivileged_userns": { bans: "1", mend: "0" },
} as const;

export function readMachineFacts(dataPath: string): MachineFacts {
  const bans = Object.entries(banSettings).filter(
    ([name, { bans: value }]) => readText(`/proc/sys/${name.replaceAll(".", "/")}`) === value,
  );
  return {
    kernelRelease: release(),
    cgroup: readCgroup(),
    namespaceBans: bans.map(([name, { mend }]) => `${name}=${mend}`),
    hasPressure: existsSync("/proc/pressure/cpu"),
    isContainer: isInContainer(),
    isSystemd: existsSync("/run/systemd/system"),
    fileSystem: findFileSystem(readText("/proc/self/mountinfo") ?? "", dataPath),
    missingQuotaTools: quotaTools.filter((tool) => !machineQuotas.isInstalled(tool)),
  };
}

function readCgroup(): MachineFacts["cgroup"] {
  const controllers = readText("/sys/fs/cgroup/cgroup.controllers");
  if (controllers !== undefined) return { version: 2, controllers: controllers.split(" ").filter(Boolean) };
  const lines = (readText("/proc/self/cgroup") ?? "").split("\n");
  const named = lines.flatMap((line) => (line.split(":")[1] ?? "").split(",")).filter((name) => /^\w+$/.test(name));
  return { version: named.length > 0 ? 1 : 0, controllers: named };
}

/** The mount that a path is on: of those above it the longest, and of several in one place the last. */
export function findFileSystem(mountInfo: string, path: string): FileSystem | null {
  let found: FileSystem | null = null;
  for (const line of mountInfo.split("\n")) {
    // Fields before and after the dash (proc_pid_mountinfo(5)); spaces in names are written as \040.
    const [before = "", after = ""] = line.split(" - ");
    const mountPoint = before.split(" ")[4]?.replaceAll("\\040", " ");
    const [type, , options] = after.split(" ");
    if (mountPoint === undefined || type === undefined || options === undefined) continue;
    const isAbove = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (isAbove && mountPoint.length >= (found?.mountPoint.length ?? 0))
      found = { mountPoint, type, options: options.split(",") };
  }
  return found;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return undefined; // Another kernel, or not for this user: the question then stays open.
  }
}

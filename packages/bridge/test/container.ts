import { dirname, join } from "node:path";

interface ContainerOptions {
  /** Whether what runs in it may make namespaces. */
  readonly hasNamespaces: boolean;
  /** Whether its control groups can be seen at all; they cannot be changed. */
  readonly hasGroups: boolean;
  /** Whether its user is root, of the container and of nothing else. */
  readonly isRoot?: boolean;
}

/**
 * The start of a command line for what is to run as in a container without rights: the system and its control groups
 * read-only, no systemd, processes and users of its own. No container runtime is needed for it.
 */
export function container({ hasNamespaces, hasGroups, isRoot = false }: ContainerOptions) {
  return (folder: string): string[] =>
    [
      ["bwrap", "--unshare-user", ...(hasNamespaces ? [] : ["--disable-userns"])],
      ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"],
      ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"],
      hasGroups ? [] : ["--tmpfs", "/sys/fs/cgroup"],
      // What podman marks its containers with.
      ["--ro-bind", "/dev/null", "/run/.containerenv"],
      ["--bind", folder, folder],
      // Whoever works below /tmp has Node there.
      ["--ro-bind", dirname(process.execPath), dirname(process.execPath)],
      // Root's bridge keeps its files in there: a volume.
      isRoot ? ["--uid", "0", "--gid", "0", "--cap-add", "ALL", "--bind", join(folder, "home"), "/var/lib"] : [],
      ["--"],
    ].flat();
}

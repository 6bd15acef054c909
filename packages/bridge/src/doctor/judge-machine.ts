import { good, missing, weaker, type Finding } from "./finding.ts";
import { projectOptions, userOptions } from "../drivers/quota-mount.ts";
import type { MachineFacts } from "./machine-facts.ts";

const oldestKernel = [5, 10] as const;
const wantedControllers = ["cpu", "memory", "pids", "io"];

/** What is good about a machine, what is weaker than it could be, and how to mend that. */
export function judgeMachine(facts: MachineFacts): Finding[] {
  return [
    judgeKernel(facts.kernelRelease),
    judgeCgroup(facts),
    ...judgeNamespaces(facts.namespaceBans),
    judgeQuota(facts),
    ...(facts.hasPressure
      ? []
      : [weaker("the kernel tells nothing about pressure: put psi=1 on its command line, or use one with CONFIG_PSI")]),
  ];
}

function judgeKernel(release: string): Finding {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const isOld = major < oldestKernel[0] || (major === oldestKernel[0] && minor < oldestKernel[1]);
  return isOld
    ? weaker(`Linux ${release} is older than ${oldestKernel.join(".")}: update the kernel for all limits`)
    : good(`Linux ${release}`);
}

function judgeCgroup({ cgroup, isContainer }: MachineFacts): Finding {
  const { version, controllers } = cgroup;
  if (version === 0)
    return weaker(
      "no cgroups: runs have no limits. " +
        (isContainer ? "Give the container a cgroup of its own (docker run --cgroupns=private)" : "Mount cgroup2"),
    );
  if (version === 1)
    return weaker(
      `cgroup v1: no limits for buffered writing, no pressure of single projects. Put systemd.unified_cgroup_hierarchy=1 on the kernel's command line${isContainer ? " of the machine that this container is on" : ""}`,
    );
  const lacking = wantedControllers.filter((name) => !controllers.includes(name));
  return lacking.length === 0
    ? good(`cgroup v2 with ${wantedControllers.join(", ")}`)
    : weaker(`cgroup v2 lacks ${lacking.join(", ")}: see cgroup_disable on the kernel's command line (/proc/cmdline)`);
}

function judgeNamespaces(bans: readonly string[]): Finding[] {
  return bans.map((setting) =>
    weaker(
      `ordinary users may not make namespaces, which bubblewrap needs where the bridge is not helped by root: sysctl -w ${setting}, and write it to /etc/sysctl.d`,
    ),
  );
}

function judgeQuota({ fileSystem, missingQuotaTools }: MachineFacts): Finding {
  if (fileSystem === null)
    return weaker("it is not known what the bridge's files are on, so disk use is only measured");
  const { mountPoint, type, options } = fileSystem;
  const has = (names: readonly string[]) => options.some((option) => names.includes(option));
  if (has(projectOptions)) {
    if (missingQuotaTools.length > 0)
      return weaker(
        `disk quota is on (${mountPoint}), but disk use is only measured: ${missingQuotaTools.join(", ")} not installed (Debian, Ubuntu: apt install quota e2fsprogs)`,
      );
    if (!has(userOptions))
      return weaker(
        `disk quota of projects is on (${mountPoint}), that of workspaces is not: their use is only measured. Mount it with usrquota too`,
      );
    return good(`disk quota of workspaces and projects is on (${mountPoint})`);
  }
  if (type === "ext4")
    return weaker(
      `disk use is measured but not limited: on ${mountPoint} (ext4, unmounted) run tune2fs -O project,quota -Q prjquota DEVICE, and mount it with prjquota`,
    );
  if (type === "xfs") return weaker(`disk use is measured but not limited: mount ${mountPoint} (xfs) with prjquota`);
  return weaker(
    `disk use is measured but not limited: ${mountPoint} is ${type}, and quota of projects needs ext4 or xfs`,
  );
}

/** @param ownerUid whose the bridge's files are: as that user it runs, and so do programs where no helper starts them */
export function judgeUser(ownerUid: number): Finding {
  return ownerUid === 0
    ? weaker(
        "the bridge runs as root: let it run as a user of its own; the command for root that the console shows makes one",
      )
    : good(`the bridge runs as the user with the number ${ownerUid}`);
}

/** What systemd says about the services that install.sh made. */
export interface ServiceFacts {
  readonly name: string;
  readonly isInstalled: boolean;
  readonly isActive: boolean;
  readonly isEnabled: boolean;
}

export function judgeService({ name, isInstalled, isActive, isEnabled }: ServiceFacts): Finding {
  if (!isInstalled)
    return weaker(
      `${name} is not installed: nothing starts the bridge with the system. Use the command for root that the console shows`,
    );
  if (!isActive) return missing(`${name} does not run: journalctl -u ${name} says why; systemctl restart ${name}`);
  if (!isEnabled) return weaker(`${name} does not start with the system: systemctl enable ${name}`);
  return good(`${name} runs and starts with the system`);
}

/** Both programs of a server come from one package; an update of the bridge alone leaves the other behind. */
export function judgeVersions({ installed, running }: { installed: string | null; running: string }): Finding {
  if (installed === null || installed === running) return good(`version ${running}`);
  return weaker(
    `version ${running} runs, and ${installed} is installed: run the installer again to bring both to the platform's version`,
  );
}

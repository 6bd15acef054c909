import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { minuteMs } from "@quarterdeck/core/units";
import type { DataDirectory } from "../data-directory.ts";
import type { DriverPreference } from "../drivers/choose-driver.ts";
import { limitLink } from "../drivers/bandwidth.ts";
import type { GroupPath } from "../drivers/driver.ts";
import { openDriver } from "../drivers/open-driver.ts";
import { findProgram, searchPath } from "../drivers/search-path.ts";
import { BandwidthLimiter } from "../limits/bandwidth-limiter.ts";
import { GroupLimits } from "../limits/group-limits.ts";
import { NetworkCounters, readLinkBytes } from "../limits/network-counters.ts";
import { NetworkReach } from "../limits/network-reach.ts";
import type { Log } from "../log.ts";
import { WrapperLauncher } from "../runs/wrapper-launcher.ts";
import type { LocalPolicy } from "../policy/local-policy.ts";
import { workspaceNetwork } from "../sandbox/network/workspace-network.ts";
import { indexOfUser } from "../sandbox/workspace-users.ts";
import { openSandbox } from "../sandbox/open-sandbox.ts";
import { systemClock } from "../system-clock.ts";
import { bootId as readBootId } from "../wrapper/processes.ts";
import type { HostEvents } from "./execution-host.ts";
import { FrozenWorkspaces } from "./frozen-workspaces.ts";
import { LocalHost } from "./local-host.ts";

export interface LocalHostPlace extends HostEvents {
  readonly data: DataDirectory;
  readonly log: Log;
  /** The wrapper's bundle. */
  readonly wrapperScript: string;
  /** The owner's PATH. */
  readonly path: string | undefined;
  /** Where bubblewrap is, if it is not to be looked for. */
  readonly bubblewrap: string | undefined;
  /** Absolute, free of symbolic links. */
  readonly hidden: readonly string[];
  readonly lifeline: string | null;
  readonly hasConsent: boolean;
  readonly policy: Pick<LocalPolicy, "judgeRepository">;
  /** What may run, as far as it is installed. */
  readonly programs: readonly string[];
  /** Whether workspaces get networks of their own, which changes the machine's. Only root can. */
  readonly ownNetworks?: boolean;
  /** What the owner wants instead of the best driver; null: the best. */
  readonly driver: DriverPreference | null;
}

/** Finds out what this machine has, and makes a host of it. */
export async function openLocalHost(place: LocalHostPlace): Promise<LocalHost> {
  const { data, log, hidden, bubblewrap, hasConsent } = place;
  const folders = searchPath(place.path).filter((folder) => !`${folder}/`.startsWith(`${data.path}/`));
  const { ownNetworks = false } = place;
  const sandbox = await openSandbox({ data, hidden, folders, bubblewrap, hasConsent, ownNetworks, log });
  if (sandbox.isolation !== "hidden")
    log.warn("runs are not isolated", { isolation: sandbox.isolation, reason: sandbox.reason });
  const launcher = new WrapperLauncher({
    script: place.wrapperScript,
    pipeDirectory: data.path,
    maxPathLength: data.runs.length + 64,
    keepIdleMs: minuteMs,
  });
  const reach = new NetworkReach();
  const { networks, users, egress } = sandbox;
  const linkOf = ({ workspaceId }: GroupPath) => {
    const user = users?.of(workspaceId);
    if (!networks || !user) throw new Error("a network of its own takes a user of its own");
    return networks.link(indexOfUser(user));
  };
  const bandwidth = new BandwidthLimiter({
    reach,
    ledger: egress?.ledger ?? null,
    limitInterface: networks === null ? null : (path, rate) => limitLink(linkOf(path), rate),
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs(),
  });
  const { driver, reason } = await openDriver({
    bandwidth,
    folderOf: ({ workspaceId, projectId }) => {
      const workspace = data.workspace(workspaceId);
      return projectId === null ? workspace.path : workspace.project(projectId);
    },
    userOf: ({ workspaceId }) => sandbox.users?.of(workspaceId) ?? null,
    workspaces: data.workspaces,
    quotaIdsFile: data.quotaIdsFile,
    isRunKnown: (runId) => existsSync(data.run(runId).path),
    nowMs: () => systemClock.nowMs(),
    ...(place.driver === null ? {} : { prefer: place.driver }),
    ...groupNames(data.path),
  });
  log.info("the driver was chosen", { driver: driver.name, limited: driver.limited.join(" "), reason });
  const { onEvidence } = place;
  const groupLimits = new GroupLimits({
    driver,
    file: data.groupLimitsFile,
    log,
    reach,
    nowMs: () => systemClock.nowMs(),
    onEvidence,
  });
  const frozen = await FrozenWorkspaces.open({ driver, file: data.frozenWorkspacesFile, log });
  const context = { data, sandbox, users: sandbox.users, folders, groupLimits, frozen, policy: place.policy };
  const counters = new NetworkCounters({
    reach,
    ledger: egress?.ledger ?? null,
    readInterface:
      networks === null
        ? null
        : ({ workspaceId }) => {
            const user = users?.of(workspaceId);
            return user ? readLinkBytes(workspaceNetwork(indexOfUser(user)).name) : null;
          },
    nowMs: () => systemClock.nowMs(),
  });
  const host = new LocalHost({
    ...place,
    networkOf: (path) => counters.of(path),
    egress,
    context,
    driver,
    driverReason: reason,
    sandboxFacts: sandbox.facts,
    launcher,
    programs: place.programs.filter((program) => findProgram(program, folders) !== undefined),
    bootId: readBootId(),
  });
  return host;
}

const installed = ["/var/lib/quarterdeck-helper", "/var/lib/quarterdeck-bridge"];

/** Bridges on one machine do not meet in one tree of groups. */
function groupNames(dataPath: string): { readonly groupName: string; readonly sliceName: string } {
  if (installed.includes(dataPath)) return { groupName: "quarterdeck", sliceName: "qd" };
  const hash = createHash("sha256").update(dataPath).digest("hex").slice(0, 12);
  return { groupName: `quarterdeck-${hash}`, sliceName: `qd${hash}` };
}

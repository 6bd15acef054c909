import { readFileSync } from "node:fs";
import type { GroupPath } from "../drivers/driver.ts";
import type { EgressLedger } from "../sandbox/network/egress-ledger.ts";
import type { NetworkReach } from "./network-reach.ts";

export interface NetworkBytes {
  readonly received: number;
  readonly sent: number;
}

interface CountersOptions {
  readonly reach: Pick<NetworkReach, "modes">;
  /** Null: runs have no proxies here. */
  readonly ledger: Pick<EgressLedger, "standing"> | null;
  /** What the workspace's own interface counted; null: workspaces have none. */
  readonly readInterface: ((path: GroupPath) => NetworkBytes | null) | null;
  readonly nowMs: () => number;
}

const nothing: NetworkBytes = { received: 0, sent: 0 };

/** What passed over the network for a workspace or project: of what goes over the machine's own nobody can say whose it is. */
export class NetworkCounters {
  readonly #options: CountersOptions;

  constructor(options: CountersOptions) {
    this.#options = options;
  }

  of(path: GroupPath): NetworkBytes | null {
    const { reach, ledger, readInterface, nowMs } = this.#options;
    const modes = reach.modes(path, nowMs());
    if (modes.length === 0) return null;
    const atProxies = ledger?.standing(path).counted ?? nothing;
    if (!modes.includes("all")) return atProxies;
    // The runs of all its projects share a workspace's interface.
    const onInterface = path.projectId === null ? (readInterface?.(path) ?? null) : null;
    if (onInterface === null) return null;
    return { received: onInterface.received + atProxies.received, sent: onInterface.sent + atProxies.sent };
  }
}

/** What the machine's end of a workspace's link counted: what it sends comes in there. Null where there is no such link. */
export function readLinkBytes(name: string): NetworkBytes | null {
  const read = (what: string) => Number(readFileSync(`/sys/class/net/${name}/statistics/${what}_bytes`, "utf8"));
  try {
    return { received: read("tx"), sent: read("rx") };
  } catch {
    return null; // It is made with the first run that needs it.
  }
}

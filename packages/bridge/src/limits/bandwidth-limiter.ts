import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import type { BandwidthReading } from "../drivers/bandwidth.ts";
import type { GroupPath } from "../drivers/driver.ts";
import type { GroupNode } from "../drivers/group-node.ts";
import { isLimitAsWanted } from "../drivers/judge-limit.ts";
import type { NodeLimiter } from "../drivers/node-limiter.ts";
import type { EgressLedger } from "../sandbox/network/egress-ledger.ts";
import type { NetworkReach } from "./network-reach.ts";

interface BandwidthOptions {
  readonly reach: Pick<NetworkReach, "modes">;
  /** Null: runs have no proxies here. */
  readonly ledger: Pick<EgressLedger, "setLimit" | "standing"> | null;
  /** Sets the limit of the workspace's own interface, both ways, and reads it back; null: workspaces have none. */
  readonly limitInterface: ((path: GroupPath, bytesPerSecond: number | null) => Promise<BandwidthReading>) | null;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
}

type Found = Pick<LimitEvidence, "actual" | "state" | "source">;

const notHeld = (source: string): Found => ({ actual: null, state: "unsupported", source });

/**
 * Holds what passes over the network to a rate where runs have a way of their own: all that goes to a list of hosts passes our
 * proxies, and a workspace may have an interface of its own. What goes over the machine's network is held by nobody, and said so.
 */
export class BandwidthLimiter implements NodeLimiter {
  readonly resource = "bandwidth";
  readonly isEnforced: boolean;
  readonly #options: BandwidthOptions;

  constructor(options: BandwidthOptions) {
    this.#options = options;
    // Where any run may use the machine's own network nobody can call it limited on this machine.
    this.isEnforced = options.limitInterface !== null;
  }

  async apply(node: GroupNode, wanted: number | null): Promise<Found> {
    const { ledger, limitInterface, reach, nowMs, monotonicMs } = this.#options;
    ledger?.setLimit(node, wanted, monotonicMs());
    const modes = reach.modes(node, nowMs());
    const hasInterface = limitInterface !== null && node.projectId === null && modes.includes("all");
    const onInterface = hasInterface ? await limitInterface(node, wanted) : null;
    if (wanted === null) return { actual: null, state: "enforced", source: "it has no limit" };
    if (modes.length === 0) return notHeld("nothing was started in it yet");
    if (!modes.includes("all")) return modes.includes("allowList") ? this.#atProxies(node, wanted) : noNetwork;
    if (limitInterface === null)
      return notHeld(
        "its runs may reach everything over the server's own network, which nobody can limit for them alone",
      );
    if (onInterface === null)
      return notHeld("its runs use their workspace's interface, which has the workspace's limit");
    if (modes.includes("allowList"))
      return notHeld("some of its runs use its interface and some a proxy: each is held to it, together they are not");
    const { actual, source } = onInterface;
    return { actual, state: isLimitAsWanted(wanted, actual, { below: 1 }) ? "enforced" : "mismatch", source };
  }

  async admit(): Promise<void> {
    // Nothing is refused for a rate: it waits.
  }

  #atProxies(node: GroupNode, wanted: number): Found {
    const standing = this.#options.ledger?.standing(node);
    if (standing === undefined) return notHeld("there is no sandbox, so nothing of it can pass a proxy");
    const { rate, proxies, counted, isExceeded } = standing;
    const source = `proxies (${proxies}) told ${rate ?? 0} B/s each way; they counted ${counted.received} B in, ${counted.sent} B out`;
    if (isExceeded) return { actual: rate, state: "mismatch", source: `${source}: more than that` };
    return { actual: rate, state: rate === wanted ? "enforced" : "mismatch", source };
  }
}

const noNetwork: Found = { actual: 0, state: "enforced", source: "its runs have no network" };

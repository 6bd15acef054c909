import type { OrgId, RunId, ServerId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import {
  maxEvidencePerReport,
  type EvidenceReport,
  type LimitEvidence,
} from "@quarterdeck/core/protocol/limit-evidence";
import { signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { secondMs } from "@quarterdeck/core/units";
import type { Driver } from "../drivers/driver.ts";
import { errorMessage, type Log } from "../log.ts";

interface EvidenceTellerOptions {
  readonly identity: { readonly serverId: ServerId; readonly orgId: OrgId };
  /** What limits runs now: a helper may come up later than this process. */
  readonly driver: () => Pick<Driver, "name" | "limited">;
  readonly privateKey: CryptoKey;
  readonly log: Log;
  /** The time that this machine and the relay agree on; null before the relay was heard. */
  readonly agreedMs: () => number | null;
  readonly send: (text: SignedText) => boolean;
}

/** What comes together goes together, and no faster than the relay lets it (PROTOCOL 16.4). */
const gatherMs = secondMs;

/**
 * Tells the platform, signed, what the kernel holds workspaces, projects and runs to (PROTOCOL 16.4): of each what was read
 * last. What is lost with a connection is told again with the next.
 */
export class EvidenceTeller {
  readonly #options: EvidenceTellerOptions;
  readonly #nodes = new Map<LimitEvidence["node"], Map<LimitEvidence["resource"], LimitEvidence>>();
  readonly #untold = new Set<LimitEvidence["node"]>();
  #timer: NodeJS.Timeout | undefined;
  #isConnected = false;
  #saidAtMs = 0;

  constructor(options: EvidenceTellerOptions) {
    this.#options = options;
  }

  /** Something was applied and read back. Of runs, which are many and short, only what is not as it should be is told. */
  tell(evidence: readonly LimitEvidence[]): void {
    for (const item of evidence) {
      if (item.node.startsWith("run_") && item.state !== "mismatch") continue;
      const known = this.#nodes.get(item.node) ?? new Map<LimitEvidence["resource"], LimitEvidence>();
      this.#nodes.set(item.node, known.set(item.resource, item));
      this.#untold.add(item.node);
    }
    this.#tellSoon();
  }

  runEnded(runId: RunId): void {
    this.#nodes.delete(runId);
    this.#untold.delete(runId);
  }

  connected(): void {
    this.#isConnected = true;
    for (const node of this.#nodes.keys()) this.#untold.add(node);
    this.#tellSoon();
  }

  disconnected(): void {
    this.#isConnected = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tellSoon(): void {
    if (!this.#isConnected || this.#untold.size === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#say()
        .catch((error: unknown) => {
          this.#options.log.error("what the kernel says of limits could not be told", { reason: errorMessage(error) });
        })
        .finally(() => {
          this.#timer = undefined;
          this.#tellSoon();
        });
    }, gatherMs);
  }

  async #say(): Promise<void> {
    const { identity, driver, privateKey, agreedMs, send } = this.#options;
    const nowMs = agreedMs();
    const nodes = this.#nextNodes();
    const items = nodes.flatMap((node) => [...(this.#nodes.get(node)?.values() ?? [])]);
    if (nowMs === null || items.length === 0) return;
    this.#saidAtMs = risingTime(this.#saidAtMs, nowMs);
    const { serverId, orgId } = identity;
    const report: EvidenceReport = {
      v: 1,
      serverId,
      orgId,
      saidAtMs: this.#saidAtMs,
      driver: driver().name,
      limited: [...driver().limited],
      items,
    };
    // Before the signature: what changes while it is made is told with the next report.
    for (const node of nodes) this.#untold.delete(node);
    if (send(await signText(privateKey, "limitEvidence", JSON.stringify(report)))) return;
    for (const node of nodes) if (this.#nodes.has(node)) this.#untold.add(node);
    this.disconnected();
  }

  /** Nodes that fit into one report, whole. */
  #nextNodes(): LimitEvidence["node"][] {
    const nodes: LimitEvidence["node"][] = [];
    let count = 0;
    for (const node of this.#untold) {
      count += this.#nodes.get(node)?.size ?? 0;
      if (count > maxEvidencePerReport) break;
      nodes.push(node);
    }
    return nodes;
  }
}

/** A time that is later than the last one. A clock that was far ahead before, which nobody believed, is left behind. */
export function risingTime(lastMs: number, nowMs: number): number {
  return lastMs > nowMs + limits.clockSkewMs ? nowMs : Math.max(lastMs + 1, nowMs);
}

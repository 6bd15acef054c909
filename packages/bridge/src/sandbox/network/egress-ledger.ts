import type { GroupPath } from "../../drivers/driver.ts";
import { FairGrants } from "./fair-grants.ts";
import { ways, type Counted, type HostLine, type ProxyLine, type Way } from "./meter-lines.ts";
import { burstOf } from "./token-bucket.ts";
import { RateWitness } from "./rate-witness.ts";

interface LedgerOptions {
  readonly say: (proxy: string, line: HostLine) => void;
  /** Somebody wants something, or may have more: `grant` is to be called. */
  readonly onChange: () => void;
}

interface Proxy {
  readonly path: GroupPath;
  told: Extract<HostLine, { told: number }> | null;
  heard: number;
  counted: Counted | null;
  /** What it asked for and did not get yet. */
  readonly wants: Set<number>;
}

/** More connections than any program has. */
const mostWants = 4096;

interface Node {
  /** Null: no limit; undefined: nobody has said yet, so nothing passes. */
  rate: number | null | undefined;
  /** What proxies counted that are gone. */
  readonly gone: { received: number; sent: number };
  witnesses: Readonly<Record<Way, RateWitness>> | null;
  readonly proxies: Set<Proxy>;
}

/** How the proxies of a workspace or project stand to its limit. */
export interface EgressStanding {
  /** What grants go by; null: no limit. */
  readonly rate: number | null;
  readonly proxies: number;
  /** Whether every proxy said that it goes by what it was told last. */
  readonly isHeard: boolean;
  /** Whether more passed than the limit allows, by what the proxies counted. */
  readonly isExceeded: boolean;
  readonly counted: Counted;
}

function nodesOf({ workspaceId, projectId }: GroupPath): string[] {
  return projectId === null ? [workspaceId] : [projectId, workspaceId];
}

/** Who may pass how much on, of all proxies of a machine, and what they counted. It does nothing by itself and knows no clock. */
export class EgressLedger {
  readonly #options: LedgerOptions;
  readonly #grants: Readonly<Record<Way, FairGrants>> = { received: new FairGrants(), sent: new FairGrants() };
  readonly #proxies = new Map<string, Proxy>();
  readonly #nodes = new Map<string, Node>();
  /** What those counted that cannot be asked any more: one that comes back goes on counting from there. */
  readonly #left = new Map<string, Counted>();
  #words = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** @param bytesPerSecond each way; null: no limit */
  setLimit(path: GroupPath, bytesPerSecond: number | null, nowMs: number): void {
    const name = nodesOf(path)[0] ?? "";
    const node = this.#node(name);
    if (node.rate === bytesPerSecond) return;
    node.rate = bytesPerSecond;
    const burst = bytesPerSecond === null ? 0 : burstOf(bytesPerSecond);
    const witness = () => new RateWitness(bytesPerSecond ?? 0, { burst, nowMs });
    node.witnesses = bytesPerSecond === null ? null : { received: witness(), sent: witness() };
    for (const way of ways) this.#grants[way].setRate(name, bytesPerSecond, { nowMs, isFull: false });
    this.#tellAll();
    this.#options.onChange();
  }

  /** A proxy is there. */
  join(proxy: string, path: GroupPath): void {
    const counted = this.#left.get(proxy) ?? null;
    this.#left.delete(proxy);
    if (counted !== null) this.#keep(path, { received: -counted.received, sent: -counted.sent });
    const joined: Proxy = { path, told: null, heard: 0, counted, wants: new Set() };
    this.#proxies.set(proxy, joined);
    for (const node of nodesOf(path)) this.#node(node).proxies.add(joined);
    this.#tellAll();
  }

  /** @throws when it asks for what no proxy of ours would */
  hear(name: string, line: ProxyLine, nowMs: number): void {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) return;
    if ("counted" in line) this.#count(proxy, line, nowMs);
    else if ("leave" in line) {
      proxy.wants.delete(line.leave);
      for (const way of ways) this.#grants[way].leave(`${name} ${line.leave}`);
    } else if (proxy.told !== null) {
      if (proxy.wants.has(line.want)) throw new Error("it asks for the same again");
      if (proxy.wants.size >= mostWants) throw new Error("it asks for too much at once");
      proxy.wants.add(line.want);
      this.#grants[line.way].ask({ id: `${name} ${line.want}`, nodes: nodesOf(proxy.path), bytes: line.bytes });
      this.#options.onChange();
    }
  }

  /** It is gone, or cannot be asked any more. */
  leave(name: string): void {
    const proxy = this.#proxies.get(name);
    if (proxy === undefined) return;
    this.#proxies.delete(name);
    for (const node of nodesOf(proxy.path)) this.#node(node).proxies.delete(proxy);
    for (const way of ways) this.#grants[way].leaveAll((id) => id.startsWith(`${name} `));
    if (proxy.counted !== null) {
      this.#keep(proxy.path, proxy.counted);
      this.#left.set(name, proxy.counted);
    }
    this.#tellAll();
    this.#options.onChange();
  }

  /** It never comes back. */
  forget(name: string): void {
    this.#left.delete(name);
  }

  /** Gives leave to whoever may have it now. @returns after how long it is to be called again, if nothing happens before */
  grant(nowMs: number): number {
    for (const way of ways)
      for (const { id, bytes } of this.#grants[way].grants(nowMs)) {
        const [name = "", want] = id.split(" ");
        this.#proxies.get(name)?.wants.delete(Number(want));
        this.#options.say(name, { grant: Number(want), bytes });
      }
    return Math.min(...ways.map((way) => this.#grants[way].waitMs(nowMs)));
  }

  standing(path: GroupPath): EgressStanding {
    const name = nodesOf(path)[0] ?? "";
    const { rate, gone, witnesses, proxies: within } = this.#node(name);
    const proxies = [...within];
    const sum = (way: Way) => proxies.reduce((all, { counted }) => all + (counted?.[way] ?? 0), gone[way]);
    return {
      rate: rate ?? null,
      proxies: proxies.length,
      isHeard: proxies.every(({ told, heard }) => told !== null && heard >= told.told),
      isExceeded: ways.some((way) => witnesses?.[way].isExceeded === true),
      counted: { received: sum("received"), sent: sum("sent") },
    };
  }

  #count(proxy: Proxy, { counted, heard }: Extract<ProxyLine, { counted: Counted }>, nowMs: number): void {
    const { counted: before, heard: heardBefore, told } = proxy;
    proxy.counted = counted;
    proxy.heard = heard;
    // What it counted before it heard what holds now passed under what held then.
    if (before === null || told === null || heardBefore < told.told) return;
    for (const name of nodesOf(proxy.path))
      for (const way of ways) this.#node(name).witnesses?.[way].passed(counted[way] - before[way], nowMs);
  }

  /** Each proxy's share is so small that they stay within every limit together while nobody can be asked. */
  #tellAll(): void {
    for (const [name, proxy] of this.#proxies) {
      const nodes = nodesOf(proxy.path);
      if (nodes.some((node) => this.#node(node).rate === undefined)) continue;
      const shares = nodes.flatMap((node) => {
        const { rate = null, proxies } = this.#node(node);
        return rate === null ? [] : [Math.floor(rate / proxies.size)];
      });
      const share = shares.length === 0 ? null : Math.min(...shares);
      if (proxy.told !== null && proxy.told.share === share) continue;
      proxy.told = { told: ++this.#words, isLimited: share !== null, share };
      this.#options.say(name, proxy.told);
    }
  }

  #keep(path: GroupPath, { received, sent }: Counted): void {
    for (const name of nodesOf(path)) {
      const { gone } = this.#node(name);
      gone.received += received;
      gone.sent += sent;
    }
  }

  #node(name: string): Node {
    const known = this.#nodes.get(name);
    if (known) return known;
    const node: Node = { rate: undefined, gone: { received: 0, sent: 0 }, witnesses: null, proxies: new Set() };
    this.#nodes.set(name, node);
    return node;
  }
}

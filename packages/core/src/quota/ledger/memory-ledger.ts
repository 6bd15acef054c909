import { accept, type Result } from "../../errors/result.ts";
import { isSameVector, type Vector } from "../amounts.ts";
import { ChangeRing, type Change, type NodeRule } from "./ledger-change.ts";
import {
  checkKept,
  checkRequest,
  keptByDefault,
  shortageRefusal,
  type Drift,
  type LedgerNode,
  type LedgerOptions,
  type QuotaLedger,
} from "./quota-ledger.ts";
import { findShortage, hold, QuotaTree, release, type QuotaNode } from "../quota-tree.ts";
import {
  isOpen,
  judgeCommit,
  judgeRepeat,
  judgeSettle,
  judgeVoid,
  unknownReservation,
  type Judgement,
  type Reservation,
  type ReservationRequest,
  type ReservationState,
} from "./reservation.ts";
import { holdsSomething, unknownNode } from "../tree-refusals.ts";

/** A reservation as it is kept. */
interface Entry extends Reservation {
  readonly node: QuotaNode;
  state: ReservationState;
  held: Vector;
}

interface MemoryLedgerOptions extends LedgerOptions {
  /**
   * How many changes are kept, 10,000 unless told. What ended and holds nothing is remembered as long as the record of its
   * end; from then on its id counts as new.
   */
  readonly recorded?: number;
}

/**
 * A ledger in memory. A transition costs O(depth × resources) and allocates the reservation only; `expire` looks at each
 * promise that can expire. Shown reservations change as they do: they are the ledger's own.
 */
export class MemoryLedger implements QuotaLedger {
  readonly #options: LedgerOptions;
  readonly #tree = new QuotaTree();
  readonly #reservations = new Map<string, Entry>();
  readonly #expiring = new Set<Entry>();
  readonly #changes: ChangeRing;
  readonly #nothing: Vector;

  constructor({ recorded = 10_000, ...options }: MemoryLedgerOptions) {
    this.#options = options;
    this.#nothing = new Float64Array(options.resources.names.length);
    this.#changes = new ChangeRing(recorded, options.resources.names.length);
  }

  addNode({ id, parentId, limit }: { id: string; parentId: string | null; limit: Vector }): Result<LedgerNode> {
    const checked = this.#options.resources.checkLimits(limit);
    if (!checked.ok) return checked;
    const known = this.#tree.find(id);
    if (known && (known.parent?.id ?? null) === parentId && isSameVector(known.limit, limit))
      return accept(show(known));
    const added = this.#tree.add(id, parentId, limit);
    if (!added.ok) return added;
    this.#forget(this.#changes.note({ what: "added", nodeId: id, before: null, after: ruleOf(added.value) }));
    return accept(show(added.value));
  }

  setLimit(nodeId: string, limit: Vector): Result<LedgerNode> {
    const checked = this.#options.resources.checkLimits(limit);
    if (!checked.ok) return checked;
    const node = this.#tree.find(nodeId);
    if (!node) return unknownNode(nodeId);
    if (isSameVector(node.limit, limit)) return accept(show(node));
    const before = ruleOf(node);
    this.#tree.setLimit(nodeId, limit);
    this.#forget(this.#changes.note({ what: "limited", nodeId, before, after: ruleOf(node) }));
    return accept(show(node));
  }

  moveNode(nodeId: string, parentId: string): Result<LedgerNode> {
    const node = this.#tree.find(nodeId);
    if (node?.parent?.id === parentId) return accept(show(node));
    const before = node && ruleOf(node);
    const moved = this.#tree.move(nodeId, parentId);
    if (!moved.ok) return moved;
    this.#forget(this.#changes.note({ what: "moved", nodeId, before: before ?? null, after: ruleOf(moved.value) }));
    return accept(show(moved.value));
  }

  removeNode(nodeId: string): Result<null> {
    const node = this.#tree.find(nodeId);
    if (node?.children === 0 && this.#hasOpen(node)) return holdsSomething(nodeId);
    const removed = this.#tree.remove(nodeId);
    if (!removed.ok) return removed;
    this.#forget(this.#changes.note({ what: "removed", nodeId, before: node ? ruleOf(node) : null, after: null }));
    return accept(null);
  }

  findNode(nodeId: string): LedgerNode | null {
    const node = this.#tree.find(nodeId);
    return node ? show(node) : null;
  }

  reserve(request: ReservationRequest): Result<Reservation> {
    const bad = checkRequest(this.#options, request);
    if (bad) return bad;
    const { id, nodeId, amounts, expiresAtMs = null } = request;
    const known = this.#reservations.get(id);
    if (known) return answer(known, judgeRepeat(known, request));
    const node = this.#tree.find(nodeId);
    if (!node) return unknownNode(nodeId);
    const shortage = findShortage(node, amounts);
    if (shortage) return shortageRefusal(this.#options, shortage, amounts);
    const entry: Entry = { id, nodeId, node, state: "reserved", amounts, held: amounts, expiresAtMs };
    this.#reservations.set(id, entry);
    if (expiresAtMs !== null) this.#expiring.add(entry);
    this.#begin("reserved", entry);
    hold(node, amounts);
    this.#changes.end(node.held);
    return accept(entry);
  }

  commit(id: string): Result<Reservation> {
    return this.#resolve(id, { to: "committed", judge: judgeCommit });
  }

  void(id: string): Result<Reservation> {
    return this.#resolve(id, { to: "voided", judge: judgeVoid });
  }

  settle(id: string, kept?: Vector): Result<Reservation> {
    const bad = kept && checkKept(this.#options, kept);
    if (bad) return bad;
    const entry = this.#reservations.get(id);
    if (!entry) return unknownReservation(id);
    const keeps = this.#whatIsKept(entry, kept);
    const judgement = judgeSettle(entry, keeps);
    if (judgement === "apply") this.#change(entry, "settled", keeps);
    return answer(entry, judgement);
  }

  expire(nowMs: number): readonly Reservation[] {
    const overdue = [...this.#expiring].filter(({ expiresAtMs }) => (expiresAtMs as number) <= nowMs).sort(byExpiry);
    for (const entry of overdue) this.#change(entry, "expired", this.#nothing);
    return overdue;
  }

  findReservation(id: string): Reservation | null {
    return this.#reservations.get(id) ?? null;
  }

  changes(afterSeq: number): readonly Change[] {
    return this.#changes.after(afterSeq);
  }

  reconcile(): readonly Drift[] {
    const reserved = new Map<QuotaNode, Vector>();
    for (const node of this.#tree.nodes()) reserved.set(node, new Float64Array(this.#nothing.length));
    for (const { node: leaf, held } of this.#reservations.values()) {
      for (let node: QuotaNode | null = leaf; node !== null; node = node.parent) {
        const sum = reserved.get(node);
        if (sum) held.forEach((amount, i) => (sum[i] = (sum[i] as number) + amount));
      }
    }
    const drifts = [...reserved].map(([node, sum]) => ({ nodeId: node.id, counted: node.held.slice(), reserved: sum }));
    return drifts.filter((drift) => !isSameVector(drift.counted, drift.reserved));
  }

  #resolve(id: string, { to, judge }: { to: "committed" | "voided"; judge: (known: Reservation) => Judgement }) {
    const entry = this.#reservations.get(id);
    if (!entry) return unknownReservation(id);
    const judgement = judge(entry);
    if (judgement === "apply") this.#change(entry, to, to === "committed" ? entry.held : this.#nothing);
    return answer(entry, judgement);
  }

  /** The one place where what an open reservation holds becomes less. */
  #change(entry: Entry, state: ReservationState, keeps: Vector): void {
    const { node, held } = entry;
    this.#begin(state, entry);
    entry.state = state;
    entry.held = keeps;
    if (keeps !== held) {
      release(node, held);
      if (keeps !== this.#nothing) hold(node, keeps);
    }
    if (entry.expiresAtMs !== null) this.#expiring.delete(entry);
    this.#changes.end(node.held);
  }

  #hasOpen(leaf: QuotaNode): boolean {
    for (const entry of this.#reservations.values()) if (entry.node === leaf && isOpen(entry)) return true;
    return false;
  }

  #begin(state: ReservationState, entry: Entry): void {
    this.#forget(this.#changes.begin(state, entry, entry.node.held));
  }

  /** Forgets what ended and holds nothing, now that the record of its end is gone. */
  #forget(gone: Reservation | null): void {
    if (gone?.held === this.#nothing) this.#reservations.delete(gone.id);
  }

  /** Whoever keeps nothing shares one vector. */
  #whatIsKept({ amounts }: Entry, kept: Vector | undefined): Vector {
    if (kept === undefined && this.#options.consumables === undefined) return this.#nothing;
    const keeps = kept ?? keptByDefault(this.#options, amounts);
    return isSameVector(keeps, this.#nothing) ? this.#nothing : keeps;
  }
}

function answer(entry: Entry, judgement: Judgement): Result<Reservation> {
  return typeof judgement === "string" ? accept(entry) : judgement;
}

function byExpiry(a: Reservation, b: Reservation): number {
  return (a.expiresAtMs as number) - (b.expiresAtMs as number) || (a.id < b.id ? -1 : 1);
}

function ruleOf({ parent, limit }: QuotaNode): NodeRule {
  return { parentId: parent?.id ?? null, limit: limit.slice() };
}

function show(node: QuotaNode): LedgerNode {
  return { id: node.id, ...ruleOf(node), held: node.held.slice() };
}

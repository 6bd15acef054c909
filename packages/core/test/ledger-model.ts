import type { LedgerOperation } from "./ledger-operations.ts";

// The slow, obvious ledger: it keeps the reservations and the tree, and adds up everything at each question.

interface ModelNode {
  readonly id: string;
  parentId: string | null;
  limit: readonly number[];
}

interface ModelReservation {
  readonly id: string;
  readonly nodeId: string;
  readonly amounts: readonly number[];
  readonly expiresAtMs: number | null;
  state: string;
  kept: readonly number[];
}

/** A value, or the code of the refusal. */
export type ModelAnswer = { readonly value: unknown } | { readonly code: string };

const nothing = [0, 0, 0];
const consumable = [false, false, true];
const isOpen = ({ state }: ModelReservation) => state === "reserved" || state === "committed";
const isSame = (a: readonly unknown[], b: readonly unknown[]) => JSON.stringify(a) === JSON.stringify(b);

export class LedgerModel {
  #nodes: ModelNode[] = [];
  #reservations: ModelReservation[] = [];

  /** What a ledger answers, whatever it is made of. */
  perform(operation: LedgerOperation): ModelAnswer {
    switch (operation.kind) {
      case "addNode":
        return this.#addNode(operation.id, operation.parentId, operation.limit as number[]);
      case "setLimit":
        return this.#setLimit(operation.id, operation.limit as number[]);
      case "moveNode":
        return this.#moveNode(operation.id, operation.parentId);
      case "removeNode":
        return this.#removeNode(operation.id);
      case "findNode": {
        const node = this.#node(operation.id);
        return { value: node ? this.#show(node) : null };
      }
      case "reserve":
        return this.#reserve({ expiresAtMs: null, ...operation, amounts: operation.amounts as number[] });
      case "commit":
      case "void":
        return this.#resolve(operation.id, operation.kind);
      case "settle":
        return this.#settle(operation.id, operation.kept as number[] | undefined);
      case "expire":
        return { value: this.#expire(operation.nowMs) };
      case "findReservation": {
        const reservation = this.#reservations.find(({ id }) => id === operation.id);
        return { value: reservation ? showReservation(reservation) : null };
      }
      case "reconcile":
        return { value: [] };
      case "changes":
        throw new Error("the model keeps no record");
    }
  }

  /** What each node holds, by id. */
  held(): Record<string, number[]> {
    return Object.fromEntries(this.#nodes.map((node) => [node.id, this.#held(node)]));
  }

  #node(id: string | null): ModelNode | undefined {
    return this.#nodes.find((node) => node.id === id);
  }

  /** A node and all above it. */
  #path(id: string | null): ModelNode[] {
    const node = this.#node(id);
    return node ? [node, ...this.#path(node.parentId)] : [];
  }

  #held(node: ModelNode): number[] {
    const below = this.#reservations.filter(({ nodeId }) => this.#path(nodeId).includes(node));
    return nothing.map((_, i) => below.reduce((sum, { kept }) => sum + (kept[i] ?? 0), 0));
  }

  #fits(node: ModelNode, demand: readonly number[]): boolean {
    const held = this.#held(node);
    return demand.every((amount, i) => amount === 0 || (held[i] as number) + amount <= (node.limit[i] as number));
  }

  #show(node: ModelNode): unknown {
    const limit = node.limit.map((amount) => (Number.isFinite(amount) ? amount : "none"));
    return { id: node.id, parentId: node.parentId, limit, held: this.#held(node) };
  }

  #addNode(id: string, parentId: string | null, limit: readonly number[]): ModelAnswer {
    const known = this.#node(id);
    if (known) {
      const isKnown = known.parentId === parentId && isSame(known.limit.map(String), limit.map(String));
      return isKnown ? { value: this.#show(known) } : { code: "CONFLICT" };
    }
    if (parentId !== null && !this.#node(parentId)) return { code: "NOT_FOUND" };
    const node = { id, parentId, limit };
    this.#nodes.push(node);
    return { value: this.#show(node) };
  }

  #setLimit(id: string, limit: readonly number[]): ModelAnswer {
    const node = this.#node(id);
    if (!node) return { code: "NOT_FOUND" };
    node.limit = limit;
    return { value: this.#show(node) };
  }

  #moveNode(id: string, parentId: string): ModelAnswer {
    const node = this.#node(id);
    if (!node || !this.#node(parentId)) return { code: "NOT_FOUND" };
    if (this.#path(parentId).includes(node)) return { code: "BAD_REQUEST" };
    const held = this.#held(node);
    const countedAlready = this.#path(node.parentId);
    const anew = this.#path(parentId).filter((above) => !countedAlready.includes(above));
    if (!anew.every((above) => this.#fits(above, held))) return { code: "QUOTA_EXCEEDED" };
    node.parentId = parentId;
    return { value: this.#show(node) };
  }

  #removeNode(id: string): ModelAnswer {
    const node = this.#node(id);
    if (!node) return { code: "NOT_FOUND" };
    const isBusy =
      this.#nodes.some(({ parentId }) => parentId === id) ||
      this.#held(node).some((amount) => amount > 0) ||
      this.#reservations.some((each) => each.nodeId === id && isOpen(each));
    if (isBusy) return { code: "CONFLICT" };
    this.#nodes = this.#nodes.filter((other) => other !== node);
    return { value: null };
  }

  #reserve(asked: Pick<ModelReservation, "id" | "nodeId" | "amounts" | "expiresAtMs">): ModelAnswer {
    const { id, nodeId, amounts, expiresAtMs } = asked;
    const known = this.#reservations.find((each) => each.id === id);
    if (known) {
      const isKnown = known.nodeId === nodeId && known.expiresAtMs === expiresAtMs && isSame(known.amounts, amounts);
      if (!isKnown) return { code: "CONFLICT" };
      return isOpen(known) ? { value: showReservation(known) } : { code: "ALREADY_ENDED" };
    }
    if (!this.#node(nodeId)) return { code: "NOT_FOUND" };
    if (!this.#path(nodeId).every((node) => this.#fits(node, amounts))) return { code: "QUOTA_EXCEEDED" };
    const reservation = { id, nodeId, amounts, expiresAtMs, state: "reserved", kept: amounts };
    this.#reservations.push(reservation);
    return { value: showReservation(reservation) };
  }

  #resolve(id: string, kind: "commit" | "void"): ModelAnswer {
    const known = this.#reservations.find((each) => each.id === id);
    if (!known) return { code: "NOT_FOUND" };
    const to = kind === "commit" ? "committed" : "voided";
    if (known.state === to) return { value: showReservation(known) };
    if (known.state === "committed") return { code: "CONFLICT" };
    if (known.state !== "reserved") return { code: "ALREADY_ENDED" };
    known.state = to;
    if (kind === "void") known.kept = nothing;
    return { value: showReservation(known) };
  }

  #settle(id: string, asked: readonly number[] | undefined): ModelAnswer {
    if (asked && ((asked[0] as number) > 0 || (asked[1] as number) > 0)) return { code: "BAD_REQUEST" };
    const known = this.#reservations.find((each) => each.id === id);
    if (!known) return { code: "NOT_FOUND" };
    const kept = asked ?? known.amounts.map((amount, i) => (consumable[i] ? amount : 0));
    if (known.state === "settled")
      return isSame(known.kept, kept) ? { value: showReservation(known) } : { code: "CONFLICT" };
    if (!isOpen(known)) return { code: "ALREADY_ENDED" };
    if (kept.some((amount, i) => amount > (known.amounts[i] as number))) return { code: "BAD_REQUEST" };
    known.state = "settled";
    known.kept = kept;
    return { value: showReservation(known) };
  }

  #expire(nowMs: number): unknown[] {
    const overdue = this.#reservations.filter(
      ({ state, expiresAtMs }) => state === "reserved" && expiresAtMs !== null && expiresAtMs <= nowMs,
    );
    for (const reservation of overdue) {
      reservation.state = "expired";
      reservation.kept = nothing;
    }
    return overdue
      .sort((a, b) => (a.expiresAtMs as number) - (b.expiresAtMs as number) || (a.id < b.id ? -1 : 1))
      .map(showReservation);
  }
}

function showReservation({ id, nodeId, state, amounts, kept, expiresAtMs }: ModelReservation): unknown {
  return { id, nodeId, state, amounts, held: kept, expiresAtMs };
}

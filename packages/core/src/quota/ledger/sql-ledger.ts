import { accept, refuse, type Refused, type Result } from "../../errors/result.ts";
import { isSameVector, type Vector } from "../amounts.ts";
import type { Change } from "./ledger-change.ts";
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
import { findShortage, shortAt, type QuotaNode, type Shortage } from "../quota-tree.ts";
import {
  judgeCommit,
  judgeRepeat,
  judgeSettle,
  judgeVoid,
  unknownReservation,
  type Judgement,
  type Reservation,
  type ReservationRequest,
} from "./reservation.ts";
import { readNumber, SqlLedgerRows } from "./sql-ledger-rows.ts";
import { SqlLedgerStatements } from "./sql-ledger-statements.ts";
import type { SqlRow, SqlStatement, SqlSteps } from "../sql-statement.ts";
import {
  cycleAt,
  hasChildren,
  holdsSomething,
  knownNode,
  noRoomToMove,
  unknownNode,
  unknownParent,
} from "../tree-refusals.ts";

/** The methods of `L`, each as the steps that it takes. */
type InSteps<L> = {
  readonly [K in keyof L]: L[K] extends (...args: infer Args) => infer Answer
    ? (...args: Args) => SqlSteps<Answer>
    : never;
};

interface Settlement {
  readonly id: string;
  readonly kept?: Vector | undefined;
}

/** How often a write is tried that was refused for a reason that is gone when one looks. */
const attempts = 5;

/**
 * A ledger in SQLite: libSQL, or the storage of a Durable Object. Each write is one statement, which is refused by changing
 * nothing; why, is read afterwards. The tables are {@link sqlLedgerSchema}'s.
 *
 * Take the steps with `runNow` or `runLater`. What ended is remembered until `trim`.
 */
export class SqlLedger implements InSteps<QuotaLedger> {
  readonly statements: SqlLedgerStatements;
  readonly #options: LedgerOptions;
  readonly #rows: SqlLedgerRows;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#rows = new SqlLedgerRows(options.resources);
    this.statements = new SqlLedgerStatements(options);
  }

  *addNode(node: { id: string; parentId: string | null; limit: Vector }): SqlSteps<Result<LedgerNode>> {
    const checked = this.#options.resources.checkLimits(node.limit);
    if (!checked.ok) return checked;
    const isAdded = (yield this.statements.addNode(node)).length > 0;
    const known = yield* this.findNode(node.id);
    if (!known) return unknownParent(node.id, node.parentId);
    const isSame = known.parentId === node.parentId && isSameVector(known.limit, node.limit);
    return isAdded || isSame ? accept(known) : knownNode(node.id);
  }

  *setLimit(nodeId: string, limit: Vector): SqlSteps<Result<LedgerNode>> {
    const checked = this.#options.resources.checkLimits(limit);
    if (!checked.ok) return checked;
    const [changed] = yield this.statements.setLimit(nodeId, limit);
    if (changed) return accept(this.#rows.node(changed));
    const node = yield* this.findNode(nodeId);
    return node ? accept(node) : unknownNode(nodeId);
  }

  moveNode(nodeId: string, parentId: string): SqlSteps<Result<LedgerNode>> {
    return this.#write(this.statements.moveNode(nodeId, parentId), {
      read: (row) => accept(this.#rows.node(row)),
      explain: () => this.#whyNotMoved(nodeId, parentId),
    });
  }

  removeNode(nodeId: string): SqlSteps<Result<null>> {
    return this.#write(this.statements.removeNode(nodeId), {
      read: () => accept(null),
      explain: () => this.#whyNotRemoved(nodeId),
    });
  }

  *findNode(nodeId: string): SqlSteps<LedgerNode | null> {
    const [row] = yield this.statements.findNode(nodeId);
    return row ? this.#rows.node(row) : null;
  }

  *reserve(request: ReservationRequest): SqlSteps<Result<Reservation>> {
    const bad = checkRequest(this.#options, request);
    if (bad) return bad;
    return yield* this.#write(this.statements.reserve([request]), {
      read: () => accept(made(request)),
      explain: () => this.#whyNotReserved(request),
    });
  }

  /** Reserves one after the other, those that fit, in one statement. Answers as {@link reserve} would each. */
  *reserveAll(requests: readonly ReservationRequest[]): SqlSteps<Result<Reservation>[]> {
    const good = requests.filter((request) => checkRequest(this.#options, request) === null);
    const done = idsOf(good.length > 0 ? yield this.statements.reserve(good) : []);
    const answers: Result<Reservation>[] = [];
    for (const request of requests)
      answers.push(done.delete(request.id) ? accept(made(request)) : yield* this.reserve(request));
    return answers;
  }

  commit(id: string): SqlSteps<Result<Reservation>> {
    return this.#resolve(id, { statement: this.statements.commit(id), judge: judgeCommit });
  }

  void(id: string): SqlSteps<Result<Reservation>> {
    return this.#resolve(id, { statement: this.statements.void(id), judge: judgeVoid });
  }

  *settle(id: string, kept?: Vector): SqlSteps<Result<Reservation>> {
    const bad = kept && checkKept(this.#options, kept);
    if (bad) return bad;
    const judge = (known: Reservation) => judgeSettle(known, kept ?? keptByDefault(this.#options, known.amounts));
    return yield* this.#resolve(id, { statement: this.statements.settle([{ id, kept }]), judge });
  }

  /** Settles these in one statement. Answers as {@link settle} would each. */
  *settleAll(settlements: readonly Settlement[]): SqlSteps<Result<Reservation>[]> {
    const firsts = new Map([...settlements].reverse().map((each) => [each.id, each]));
    const good = [...firsts.values()].filter(({ kept }) => !kept || checkKept(this.#options, kept) === null);
    const rows = good.length > 0 ? yield this.statements.settle(good) : [];
    const done = new Map(rows.map((row) => this.#rows.reservation(row)).map((each) => [each.id, each]));
    const answers: Result<Reservation>[] = [];
    for (const { id, kept } of settlements) {
      const settled = done.get(id);
      answers.push(settled && done.delete(id) ? accept(settled) : yield* this.settle(id, kept));
    }
    return answers;
  }

  *expire(nowMs: number): SqlSteps<readonly Reservation[]> {
    const rows = yield this.statements.expire(nowMs);
    return rows.map((row) => this.#rows.reservation(row)).sort(byExpiry);
  }

  *findReservation(id: string): SqlSteps<Reservation | null> {
    const [row] = yield this.statements.findReservation(id);
    return row ? this.#rows.reservation(row) : null;
  }

  *changes(afterSeq: number): SqlSteps<readonly Change[]> {
    return (yield this.statements.changes(afterSeq)).map((row) => this.#rows.change(row));
  }

  *reconcile(): SqlSteps<readonly Drift[]> {
    return (yield this.statements.reconcile()).map((row) => this.#rows.drift(row));
  }

  /**
   * Forgets all but the newest changes, and with them what ended before and holds nothing: such an id counts as new.
   *
   * @param kept how many changes stay, at least 1
   */
  *trim(kept: number): SqlSteps<void> {
    if (!Number.isSafeInteger(kept) || kept < 1) throw new RangeError(`${kept} changes cannot be kept`);
    yield this.statements.forgetEnded(kept);
    yield this.statements.forgetChanges(kept);
  }

  /** Where amounts do not fit now, the lowest node first. Null: they fit, or there is no such node. */
  *findShortage(nodeId: string, amounts: Vector): SqlSteps<Shortage | null> {
    const node = yield* this.#ancestors(nodeId);
    return node ? (findShortage(node, amounts) ?? null) : null;
  }

  /** Why a reservation was not made: what its id is already, or what is short. Null: it would be made now. */
  *#whyNotReserved(request: ReservationRequest): SqlSteps<Result<Reservation> | null> {
    const known = yield* this.findReservation(request.id);
    if (known) return answer(known, judgeRepeat(known, request));
    const node = yield* this.#ancestors(request.nodeId);
    if (!node) return unknownNode(request.nodeId);
    const shortage = findShortage(node, request.amounts);
    return shortage ? shortageRefusal(this.#options, shortage, request.amounts) : null;
  }

  *#whyNotMoved(nodeId: string, parentId: string): SqlSteps<Result<LedgerNode> | null> {
    const node = yield* this.findNode(nodeId);
    if (!node) return unknownNode(nodeId);
    if (node.parentId === parentId) return accept(node);
    const parent = yield* this.#ancestors(parentId);
    if (!parent) return unknownNode(parentId);
    const before = pathOf(yield* this.#ancestors(nodeId)).map(({ id }) => id);
    const path = pathOf(parent);
    if (path.some(({ id }) => id === nodeId)) return cycleAt(nodeId);
    const full = path.find((above) => !before.includes(above.id) && shortAt(above, node.held) >= 0);
    return full ? noRoomToMove(nodeId, full.id) : null;
  }

  *#whyNotRemoved(nodeId: string): SqlSteps<Refused | null> {
    const node = yield* this.findNode(nodeId);
    if (!node) return unknownNode(nodeId);
    const [row] = yield this.statements.countContents(nodeId);
    if (!row) return null;
    const children = readNumber(row, "children");
    if (children > 0) return hasChildren(nodeId, children);
    const holds = readNumber(row, "reservations") > 0 || node.held.some((amount) => amount > 0);
    return holds ? holdsSomething(nodeId) : null;
  }

  #resolve(
    id: string,
    { statement, judge }: { statement: SqlStatement; judge: (known: Reservation) => Judgement },
  ): SqlSteps<Result<Reservation>> {
    const findReservation = () => this.findReservation(id);
    return this.#write(statement, {
      read: (row) => accept(this.#rows.reservation(row)),
      *explain() {
        const known = yield* findReservation();
        if (!known) return unknownReservation(id);
        const judgement = judge(known);
        return judgement === "apply" ? null : answer(known, judgement);
      },
    });
  }

  /** Writes, and when nothing was changed reads why; when nothing speaks against it any more, writes again. */
  *#write<T>(
    statement: SqlStatement,
    { read, explain }: { read: (row: SqlRow) => Result<T>; explain: () => SqlSteps<Result<T> | null> },
  ): SqlSteps<Result<T>> {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const [row] = yield statement;
      if (row) return read(row);
      const explained = yield* explain();
      if (explained) return explained;
    }
    return refuse("NOT_READY", "others changed the quotas at the same time, again and again; try again");
  }

  /** A node with its ancestors as parents. */
  *#ancestors(nodeId: string): SqlSteps<QuotaNode | null> {
    const rows = yield this.statements.ancestors(nodeId);
    const nodes = rows.map((row) => this.#rows.node(row));
    return nodes.reduceRight<QuotaNode | null>(
      (parent, { id, limit, held }) => ({ id, parent, limit, held, children: 0 }),
      null,
    );
  }
}

function made(request: ReservationRequest): Reservation {
  const { id, nodeId, amounts, expiresAtMs = null } = request;
  return { id, nodeId, state: "reserved", amounts, held: amounts, expiresAtMs };
}

function answer(known: Reservation, judgement: Judgement): Result<Reservation> {
  return typeof judgement === "string" ? accept(known) : judgement;
}

function idsOf(rows: readonly SqlRow[]): Set<unknown> {
  return new Set(rows.map((row) => row["id"]));
}

function pathOf(node: QuotaNode | null): QuotaNode[] {
  const path: QuotaNode[] = [];
  for (let each = node; each !== null; each = each.parent) path.push(each);
  return path;
}

function byExpiry(a: Reservation, b: Reservation): number {
  return (a.expiresAtMs as number) - (b.expiresAtMs as number) || (a.id < b.id ? -1 : 1);
}

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { history, smallTree } from "./ledger-histories.ts";
import { LedgerModel } from "./ledger-model.ts";
import type { LedgerOperation, PlainAnswer } from "./ledger-operations.ts";
import { replay } from "./ledger-replay.ts";

/** A ledger that counts what `contractOptions` say, new and empty. */
export interface LedgerUnderTest extends AsyncDisposable {
  /** Does these one after the other. */
  perform(operations: readonly LedgerOperation[]): Promise<readonly PlainAnswer[]>;
  /** Does these at the same time, as many as can be in one commit. */
  performAtOnce(operations: readonly LedgerOperation[]): Promise<readonly PlainAnswer[]>;
}

interface ContractOptions {
  readonly open: () => Promise<LedgerUnderTest>;
  /** How many random histories are tried. */
  readonly histories: number;
  /** How many reservations are made at the same time. */
  readonly crowd: number;
}

const wire = (operation: LedgerOperation): LedgerOperation =>
  JSON.parse(
    JSON.stringify(operation, (_, value: unknown) =>
      typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    ),
  ) as LedgerOperation;

/** What every form of the ledger promises (see `QuotaLedger`), as tests. */
export function describeLedger(name: string, { open, histories, crowd }: ContractOptions): void {
  describe(`the ledger ${name}`, () => {
    /** A ledger with the small tree, as one that is called by name. */
    async function start() {
      const ledger = await open();
      await ledger.perform(smallTree);
      const ask = async (operation: LedgerOperation) => (await ledger.perform([wire(operation)]))[0];
      const held = async (id: string) => ((await ask({ kind: "findNode", id })) as { held: number[] }).held;
      return {
        ask,
        held,
        performAtOnce: (operations: readonly LedgerOperation[]) => ledger.performAtOnce(operations),
        reserve: (id: string, amounts: readonly number[], nodeId = "prj", expiresAtMs: number | null = null) =>
          ask({ kind: "reserve", id, nodeId, amounts, expiresAtMs }),
        changes: async () => (await ask({ kind: "changes", after: 0 })) as unknown[],
        [Symbol.asyncDispose]: () => ledger[Symbol.asyncDispose](),
      };
    }

    it("answers each history as the obvious ledger does, keeps its counters, and records each change", async () => {
      await fc.assert(
        fc.asyncProperty(history, async (operations) => {
          await using ledger = await open();
          const model = new LedgerModel();
          const answers = await ledger.perform([...smallTree, ...operations].map(wire));
          for (const operation of smallTree) model.perform(numbered(operation));
          const expected = operations.map((operation) => model.perform(operation));
          expect(answers.slice(smallTree.length).map(comparable)).toEqual(expected.map(comparable));
          const held = model.held();
          const nodes = Object.keys(held).map((id) => ({ kind: "findNode" as const, id }));
          const [drift, changes, ...shown] = await ledger.perform([
            { kind: "reconcile" },
            { kind: "changes", after: 0 },
            ...nodes,
          ]);
          expect(drift).toEqual([]);
          expect(Object.fromEntries(shown.map((node) => [(node as Shown).id, (node as Shown).held]))).toEqual(held);
          const replayed = replay(changes as never);
          expect(replayed).toEqual(shown.map((node) => node as Shown).sort(byId));
        }),
        { numRuns: histories },
      );
    });

    it("reserves at a node and each ancestor, up to the limit of each", async () => {
      await using ledger = await start();
      expect(await ledger.reserve("a", [5, 1, 2])).toEqual({
        ok: true,
        value: { id: "a", nodeId: "prj", state: "reserved", amounts: [5, 1, 2], held: [5, 1, 2], expiresAtMs: null },
      });
      expect(await ledger.reserve("b", [3, 0, 0])).toMatchObject({ ok: true });
      for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([8, 1, 2]);
      expect(await ledger.held("other")).toEqual([0, 0, 0]);
    });

    it("refuses what does not fit at any ancestor, says where and of what, and changes nothing", async () => {
      await using ledger = await start();
      await ledger.reserve("a", [4, 0, 0], "other");
      await ledger.reserve("b", [7, 0, 0]);
      const records = await ledger.changes();
      const refused = (message: string) => ({ ok: false, error: { code: "QUOTA_EXCEEDED", message } });
      expect(await ledger.reserve("c", [2, 0, 0])).toEqual(refused("cpu: 2 asked, 1 of 8 free in ws"));
      expect(await ledger.reserve("c", [0, 7, 0])).toEqual(refused("memory: 7 asked, 6 of 6 free in prj"));
      expect(await ledger.reserve("c", [2, 7, 0], "ws")).toEqual(refused("cpu: 2 asked, 1 of 8 free in ws"));
      expect(await ledger.reserve("c", [2, 0, 0], "org")).toEqual(refused("cpu: 2 asked, 1 of 12 free in org"));
      expect(await ledger.ask({ kind: "findReservation", id: "c" })).toBeNull();
      expect(await ledger.held("org")).toEqual([11, 0, 0]);
      expect(await ledger.changes()).toEqual(records);
      expect(await ledger.reserve("c", [1, 6, 0])).toMatchObject({ ok: true });
    });

    it("takes the same reservation twice as one, and another one under its id not at all", async () => {
      await using ledger = await start();
      const first = await ledger.reserve("a", [1, 1, 1], "prj", 9);
      const records = await ledger.changes();
      expect(await ledger.reserve("a", [1, 1, 1], "prj", 9)).toEqual(first);
      const conflict = {
        ok: false,
        error: { code: "CONFLICT", message: "a is another reservation already; use a new id" },
      };
      expect(await ledger.reserve("a", [1, 1, 2], "prj", 9)).toEqual(conflict);
      expect(await ledger.reserve("a", [1, 1, 1], "ws", 9)).toEqual(conflict);
      expect(await ledger.reserve("a", [1, 1, 1], "prj", 8)).toEqual(conflict);
      expect(await ledger.reserve("a", [1, 1, 1])).toEqual(conflict);
      expect(await ledger.held("org")).toEqual([1, 1, 1]);
      expect(await ledger.changes()).toEqual(records);
    });

    it("resolves each reservation once: the same again is the same answer, another end is refused, nothing comes back twice", async () => {
      await using ledger = await start();
      const ends = {
        void: { kind: "void" },
        settle: { kind: "settle" },
        expire: { kind: "expire", nowMs: 100 },
      } as const;
      await ledger.reserve("witness", [1, 1, 1]);
      for (const [how, end] of Object.entries(ends)) {
        await ledger.reserve(how, [2, 2, 0], "prj", 100);
        const operation = { id: how, ...end } as LedgerOperation;
        const ended = await ledger.ask(operation);
        expect(await ledger.ask(operation)).toEqual(how === "expire" ? [] : ended);
        expect(await ledger.held("prj")).toEqual([1, 1, 1]);
        const state = { void: "voided", settle: "settled", expire: "expired" }[how];
        const refusal = { ok: false, error: { code: "ALREADY_ENDED", message: `${how} is ${state} already` } };
        for (const other of ["void", "settle", "commit"] as const) {
          if (other !== how) expect(await ledger.ask({ kind: other, id: how })).toEqual(refusal);
        }
        expect(await ledger.reserve(how, [2, 2, 0], "prj", 100)).toEqual(refusal);
        expect(await ledger.ask({ kind: "expire", nowMs: 200 })).toEqual([]);
        expect(await ledger.ask({ kind: "findReservation", id: how })).toMatchObject({ state, held: [0, 0, 0] });
        for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([1, 1, 1]);
      }
    });

    it("keeps what is committed until it is settled", async () => {
      await using ledger = await start();
      await ledger.reserve("a", [2, 1, 4], "prj", 10);
      const committed = await ledger.ask({ kind: "commit", id: "a" });
      expect(committed).toMatchObject({ ok: true, value: { state: "committed", held: [2, 1, 4] } });
      expect(await ledger.ask({ kind: "commit", id: "a" })).toEqual(committed);
      expect(await ledger.reserve("a", [2, 1, 4], "prj", 10)).toEqual(committed);
      expect(await ledger.ask({ kind: "expire", nowMs: 1000 })).toEqual([]);
      expect(await ledger.ask({ kind: "void", id: "a" })).toEqual({
        ok: false,
        error: { code: "CONFLICT", message: "a is committed; settle it instead" },
      });
      expect(await ledger.held("org")).toEqual([2, 1, 4]);
      expect(await ledger.ask({ kind: "settle", id: "a" })).toMatchObject({ ok: true, value: { held: [0, 0, 4] } });
      expect(await ledger.held("org")).toEqual([0, 0, 4]);
    });

    it("settles in part: what was consumed stays held, the rest comes back", async () => {
      await using ledger = await start();
      await ledger.reserve("a", [2, 0, 5]);
      await ledger.reserve("b", [2, 0, 5]);
      expect(await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 6] })).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: "a cannot keep more than it reserved" },
      });
      expect(await ledger.ask({ kind: "settle", id: "a", kept: [1, 0, 0] })).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: "cpu is not consumable, so none of it can be kept" },
      });
      expect(await ledger.held("ws")).toEqual([4, 0, 10]);
      const settled = await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 3] });
      expect(settled).toMatchObject({ ok: true, value: { state: "settled", amounts: [2, 0, 5], held: [0, 0, 3] } });
      expect(await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 3] })).toEqual(settled);
      expect(await ledger.ask({ kind: "settle", id: "a" })).toEqual({
        ok: false,
        error: { code: "CONFLICT", message: "a is settled already, with other amounts" },
      });
      expect(await ledger.ask({ kind: "settle", id: "b", kept: [0, 0, 0] })).toMatchObject({ ok: true });
      for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([0, 0, 3]);
    });

    it("ends what is overdue, the earliest first, and a clock that goes back ends nothing", async () => {
      await using ledger = await start();
      await ledger.reserve("late", [1, 0, 0], "prj", 20);
      await ledger.reserve("b", [1, 0, 0], "prj", 10);
      await ledger.reserve("a", [1, 0, 0], "prj", 10);
      await ledger.reserve("never", [1, 0, 0]);
      const ids = async (nowMs: number) =>
        ((await ledger.ask({ kind: "expire", nowMs })) as { id: string }[]).map(({ id }) => id);
      expect(await ids(9)).toEqual([]);
      expect(await ids(10)).toEqual(["a", "b"]);
      expect(await ids(-5)).toEqual([]);
      expect(await ledger.held("org")).toEqual([2, 0, 0]);
      expect(await ids(Number.MAX_SAFE_INTEGER)).toEqual(["late"]);
      expect(await ledger.held("org")).toEqual([1, 0, 0]);
    });

    it("takes a limit below what is held: nothing is taken away, and more fits only when it is under the limit again", async () => {
      await using ledger = await start();
      await ledger.reserve("a", [4, 0, 0]);
      await ledger.reserve("b", [4, 0, 0]);
      expect(await ledger.ask({ kind: "setLimit", id: "ws", limit: [5, Infinity, 15] })).toEqual({
        ok: true,
        value: { id: "ws", parentId: "org", limit: [5, "none", 15], held: [8, 0, 0] },
      });
      expect(await ledger.reserve("c", [1, 0, 0])).toMatchObject({
        error: { code: "QUOTA_EXCEEDED", message: "cpu: 1 asked, 0 of 5 free in ws" },
      });
      expect(await ledger.reserve("none", [0, 1, 0])).toMatchObject({ ok: true });
      await ledger.ask({ kind: "settle", id: "a" });
      expect(await ledger.reserve("c", [2, 0, 0])).toMatchObject({ ok: false });
      expect(await ledger.reserve("c", [1, 0, 0])).toMatchObject({ ok: true });
    });

    it("moves a node with what it holds, where that fits, and gives back where it is then", async () => {
      await using ledger = await start();
      await ledger.reserve("a", [5, 1, 1]);
      expect(await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" })).toEqual({
        ok: false,
        error: { code: "QUOTA_EXCEEDED", message: "what prj holds does not fit into other" },
      });
      await ledger.ask({ kind: "setLimit", id: "other", limit: [5, Infinity, 10] });
      await ledger.ask({ kind: "setLimit", id: "org", limit: [1, 1, 1] }); // It counts it already.
      expect(await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" })).toMatchObject({
        ok: true,
        value: { id: "prj", parentId: "other", held: [5, 1, 1] },
      });
      expect([await ledger.held("ws"), await ledger.held("other"), await ledger.held("org")]).toEqual([
        [0, 0, 0],
        [5, 1, 1],
        [5, 1, 1],
      ]);
      const records = await ledger.changes();
      expect(await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" })).toMatchObject({ ok: true });
      expect(await ledger.changes()).toEqual(records);
      await ledger.ask({ kind: "settle", id: "a", kept: [0, 0, 0] });
      for (const id of ["ws", "other", "org"]) expect(await ledger.held(id)).toEqual([0, 0, 0]);
    });

    it("moves what is below along, and counts it there", async () => {
      await using ledger = await start();
      await ledger.reserve("a", [2, 0, 0]);
      await ledger.ask({ kind: "setLimit", id: "other", limit: [9, Infinity, Infinity] });
      expect(await ledger.ask({ kind: "moveNode", id: "ws", parentId: "other" })).toMatchObject({ ok: true });
      await ledger.reserve("b", [3, 0, 0]);
      expect([await ledger.held("prj"), await ledger.held("ws"), await ledger.held("other")]).toEqual([
        [5, 0, 0],
        [5, 0, 0],
        [5, 0, 0],
      ]);
      expect(await ledger.held("org")).toEqual([5, 0, 0]);
      await ledger.ask({ kind: "moveNode", id: "ws", parentId: "org" });
      expect([await ledger.held("other"), await ledger.held("org")]).toEqual([
        [0, 0, 0],
        [5, 0, 0],
      ]);
    });

    it("knows no cycle, no parent that is not there and no second node of one id", async () => {
      await using ledger = await start();
      const records = await ledger.changes();
      const move = (id: string, parentId: string) => ledger.ask({ kind: "moveNode", id, parentId });
      const refused = (code: string, message: string) => ({ ok: false, error: { code, message } });
      for (const below of ["org", "ws", "prj"]) {
        expect(await move("org", below)).toEqual(refused("BAD_REQUEST", "org cannot be moved below itself"));
      }
      expect(await move("prj", "nobody")).toEqual(refused("NOT_FOUND", "there is no node nobody"));
      expect(await move("nobody", "org")).toEqual(refused("NOT_FOUND", "there is no node nobody"));
      const add = (id: string, parentId: string | null, limit: readonly number[]) =>
        ledger.ask({ kind: "addNode", id, parentId, limit });
      expect(await add("x", "nobody", [1, 1, 1])).toEqual(
        refused("NOT_FOUND", "x cannot be added below nobody: there is no such node"),
      );
      expect(await add("ws", "org", [1, 1, 1])).toEqual(refused("CONFLICT", "ws is in the tree already"));
      expect(await add("ws", null, [8, Infinity, 15])).toEqual(refused("CONFLICT", "ws is in the tree already"));
      expect(await add("ws", "org", [8, Infinity, 15])).toMatchObject({ ok: true, value: { id: "ws" } });
      expect(await ledger.ask({ kind: "setLimit", id: "nobody", limit: [1, 1, 1] })).toEqual(
        refused("NOT_FOUND", "there is no node nobody"),
      );
      expect(await ledger.reserve("a", [1, 1, 1], "nobody")).toEqual(refused("NOT_FOUND", "there is no node nobody"));
      expect(await ledger.ask({ kind: "findNode", id: "nobody" })).toBeNull();
      expect(await ledger.changes()).toEqual(records);
    });

    it("removes only a node without children and without reservations that are open", async () => {
      await using ledger = await start();
      const remove = (id: string) => ledger.ask({ kind: "removeNode", id });
      const holds = {
        ok: false,
        error: { code: "CONFLICT", message: "prj still holds something; wait or release it first" },
      };
      expect(await remove("ws")).toEqual({
        ok: false,
        error: { code: "CONFLICT", message: "ws has 1 nodes below it; remove or move them first" },
      });
      await ledger.reserve("something", [0, 1, 0]);
      expect(await remove("prj")).toEqual(holds);
      await ledger.ask({ kind: "void", id: "something" });
      await ledger.reserve("nothing", [0, 0, 0]);
      expect(await remove("prj")).toEqual(holds);
      await ledger.ask({ kind: "void", id: "nothing" });
      expect(await remove("prj")).toEqual({ ok: true, value: null });
      expect(await remove("prj")).toEqual({ ok: false, error: { code: "NOT_FOUND", message: "there is no node prj" } });
      expect(await ledger.reserve("late", [0, 0, 0])).toMatchObject({ error: { code: "NOT_FOUND" } });
      expect(await ledger.ask({ kind: "addNode", id: "prj", parentId: "other", limit: [1, 1, 1] })).toMatchObject({
        ok: true,
      });
      expect(await ledger.reserve("again", [1, 0, 0])).toMatchObject({ ok: true });
      expect([await ledger.held("other"), await ledger.held("ws")]).toEqual([
        [1, 0, 0],
        [0, 0, 0],
      ]);
    });

    it.each([-1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 53])("refuses the amount %s everywhere", async (bad) => {
      await using ledger = await start();
      await ledger.reserve("known", [0, 0, 1]);
      const records = await ledger.changes();
      const refusal = {
        ok: false,
        error: {
          code: "BAD_REQUEST",
          message: `memory must be a whole number from 0 to 9007199254740991, not ${bad}`,
        },
      };
      expect(await ledger.reserve("a", [1, bad, 1])).toEqual(refusal);
      expect(await ledger.ask({ kind: "settle", id: "known", kept: [0, bad, 0] })).toEqual(refusal);
      if (bad !== Infinity) {
        expect(await ledger.ask({ kind: "setLimit", id: "prj", limit: [1, bad, 1] })).toEqual(refusal);
        expect(await ledger.ask({ kind: "addNode", id: "x", parentId: null, limit: [1, bad, 1] })).toEqual(refusal);
      }
      expect(await ledger.changes()).toEqual(records);
    });

    it("refuses a vector of another length and an end that is no time", async () => {
      await using ledger = await start();
      expect(await ledger.reserve("a", [1, 1])).toMatchObject({ error: { code: "BAD_REQUEST" } });
      expect(await ledger.reserve("a", [1, 1, 1, 1])).toMatchObject({ error: { code: "BAD_REQUEST" } });
      expect(await ledger.reserve("a", [1, 1, 1], "prj", 0.5)).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: "a cannot expire at 0.5; give whole milliseconds" },
      });
      expect(await ledger.held("org")).toEqual([0, 0, 0]);
    });

    it("never counts beyond what numbers hold exactly, also without a limit", async () => {
      await using ledger = await start();
      await ledger.ask({ kind: "addNode", id: "free", parentId: null, limit: [Infinity, Infinity, Infinity] });
      const most = Number.MAX_SAFE_INTEGER;
      expect(await ledger.reserve("a", [most - 1, most, 0], "free")).toMatchObject({ ok: true });
      expect(await ledger.reserve("b", [2, 0, 0], "free")).toMatchObject({
        error: { code: "QUOTA_EXCEEDED", message: "cpu: 2 asked, 1 free in free" },
      });
      expect(await ledger.reserve("b", [most, most, 0], "free")).toMatchObject({ ok: false });
      expect(await ledger.reserve("b", [1, 0, 0], "free")).toMatchObject({ ok: true });
      expect(await ledger.held("free")).toEqual([most, most, 0]);
      await ledger.ask({ kind: "void", id: "a" });
      expect(await ledger.held("free")).toEqual([1, 0, 0]);
    });

    it("records each change with what was before and after, and nothing else", async () => {
      await using ledger = await start();
      const startOf = (await ledger.changes()).length;
      await ledger.reserve("a", [2, 1, 4]);
      await ledger.reserve("refused", [100, 0, 0]);
      await ledger.ask({ kind: "commit", id: "a" });
      await ledger.ask({ kind: "settle", id: "a" });
      await ledger.ask({ kind: "setLimit", id: "prj", limit: [1, Infinity, 3] });
      await ledger.ask({ kind: "setLimit", id: "prj", limit: [1, Infinity, 3] });
      await ledger.ask({ kind: "moveNode", id: "prj", parentId: "other" });
      await ledger.ask({ kind: "addNode", id: "x", parentId: "prj", limit: [1, 1, 1] });
      await ledger.ask({ kind: "removeNode", id: "x" });
      const first = startOf + 1;
      const of = (what: string, nth: number, before: unknown, after: unknown) => ({
        seq: first + nth,
        what,
        nodeId: "prj",
        reservationId: "a",
        before,
        after,
      });
      const limited = { parentId: "ws", limit: [1, "none", 3] };
      expect(await ledger.ask({ kind: "changes", after: startOf })).toEqual([
        of("reserved", 0, [0, 0, 0], [2, 1, 4]),
        of("committed", 1, [2, 1, 4], [2, 1, 4]),
        of("settled", 2, [2, 1, 4], [0, 0, 4]),
        {
          seq: first + 3,
          what: "limited",
          nodeId: "prj",
          before: { parentId: "ws", limit: ["none", 6, "none"] },
          after: limited,
        },
        { seq: first + 4, what: "moved", nodeId: "prj", before: limited, after: { ...limited, parentId: "other" } },
        { seq: first + 5, what: "added", nodeId: "x", before: null, after: { parentId: "prj", limit: [1, 1, 1] } },
        { seq: first + 6, what: "removed", nodeId: "x", before: { parentId: "prj", limit: [1, 1, 1] }, after: null },
      ]);
      expect(await ledger.ask({ kind: "changes", after: first + 5 })).toHaveLength(1);
    });

    it("one refused write among 63 good ones takes none of them along", async () => {
      await using ledger = await start();
      await ledger.ask({ kind: "setLimit", id: "ws", limit: [63, Infinity, Infinity] });
      await ledger.ask({ kind: "setLimit", id: "org", limit: [Infinity, Infinity, Infinity] });
      const operations = Array.from({ length: 64 }, (_, n) => ({
        kind: "reserve" as const,
        id: `r${n}`,
        nodeId: "prj",
        amounts: n === 20 ? [64, 0, 0] : [1, 0, 0],
      }));
      const answers = (await ledger.performAtOnce(operations)) as { ok: boolean }[];
      expect(answers.flatMap(({ ok }, n) => (ok ? [] : [n]))).toEqual([20]);
      for (const id of ["prj", "ws", "org"]) expect(await ledger.held(id)).toEqual([63, 0, 0]);
      expect(await ledger.ask({ kind: "reconcile" })).toEqual([]);
    });

    it(`of ${crowd} reservations at the same time exactly those that fit are made: no more, no drift, no neighbour lost`, async () => {
      await using ledger = await start();
      const room = Math.floor(crowd * 0.6);
      const free = "Infinity";
      await ledger.ask({ kind: "setLimit", id: "org", limit: [room, free, free] });
      await ledger.ask({ kind: "setLimit", id: "ws", limit: [free, free, free] });
      await ledger.ask({ kind: "setLimit", id: "prj", limit: [Math.floor(room / 2), free, free] });
      await ledger.ask({ kind: "setLimit", id: "other", limit: [free, free, free] });
      const operations = Array.from({ length: crowd }, (_, n) => ({
        kind: "reserve" as const,
        id: `r${n}`,
        nodeId: ["prj", "ws", "other"][n % 3] as string,
        amounts: [n % 50 === 0 ? room + 1 : 1, 0, n % 3],
      }));
      const answers = (await ledger.performAtOnce(operations)) as { ok: boolean; error?: { code: string } }[];
      const made = operations.filter((_, n) => answers[n]?.ok);
      expect(made).toHaveLength(room);
      expect(answers.filter(({ ok, error }) => !ok && error?.code !== "QUOTA_EXCEEDED")).toEqual([]);
      expect(made.filter(({ amounts }) => amounts[0] !== 1)).toEqual([]);
      const sum = (nodes: readonly string[]) =>
        made
          .filter(({ nodeId }) => nodes.includes(nodeId))
          .reduce((total, { amounts }) => total.map((each, i) => each + (amounts[i] ?? 0)), [0, 0, 0]);
      expect(await ledger.held("prj")).toEqual(sum(["prj"]));
      expect(await ledger.held("ws")).toEqual(sum(["prj", "ws"]));
      expect(await ledger.held("org")).toEqual(sum(["prj", "ws", "other"]));
      expect(await ledger.ask({ kind: "reconcile" })).toEqual([]);
      const some = made.slice(0, 500);
      const ends = some.map(({ id }, n) => ({ kind: n % 2 === 0 ? ("void" as const) : ("settle" as const), id }));
      const ended = (await ledger.performAtOnce([...ends, ...ends])) as { ok: boolean }[];
      expect(ended.filter(({ ok }) => !ok)).toEqual([]);
      const before = sum(["prj", "ws", "other"]);
      expect(await ledger.held("org")).toEqual([room - some.length, 0, (before[2] as number) - voidedTokens(some)]);
      expect(await ledger.ask({ kind: "reconcile" })).toEqual([]);
    }, 120_000);
  });
}

interface Shown {
  readonly id: string;
  readonly held: readonly number[];
}

const byId = (a: Shown, b: Shown) => (a.id < b.id ? -1 : 1);

/** What the voided ones of a crowd gave back; the settled ones consumed theirs. */
function voidedTokens(ended: readonly { readonly amounts: readonly number[] }[]): number {
  return ended.reduce((sum, { amounts }, n) => sum + (n % 2 === 0 ? (amounts[2] ?? 0) : 0), 0);
}

function numbered(operation: LedgerOperation): LedgerOperation {
  return operation.kind === "addNode" ? { ...operation, limit: operation.limit.map(Number) } : operation;
}

/** An answer as the model gives it: a refusal by its code. */
function comparable(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  if ("error" in answer) return { code: (answer.error as { code: string }).code };
  if ("code" in answer) return answer;
  if ("ok" in answer) return (answer as { value?: unknown }).value;
  return "value" in answer ? answer.value : answer;
}

import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { describeLedger } from "../../../test/ledger-contract.ts";
import { contractOptions, performSteps, type LedgerOperation } from "../../../test/ledger-operations.ts";
import { ResourceList } from "../amounts.ts";
import { SqlLedger } from "./sql-ledger.ts";
import { sqlLedgerSchema } from "./sql-ledger-schema.ts";
import { runLater, runNow, type SqlRow, type SqlStatement, type SqlSteps } from "../sql-statement.ts";

const { resources } = contractOptions;
const of = (...amounts: number[]) => Float64Array.of(...amounts);

/** A ledger on node:sqlite with an org whose cpu is limited. */
function open() {
  const database = new DatabaseSync(":memory:");
  for (const statement of sqlLedgerSchema(resources)) database.exec(statement);
  const asked: string[] = [];
  const run = ({ sql, args }: SqlStatement): SqlRow[] => {
    asked.push(sql);
    return database.prepare(sql).all(...args) as SqlRow[];
  };
  const ledger = new SqlLedger(contractOptions);
  const now = <T>(steps: SqlSteps<T>): T => runNow(steps, run);
  return { database, ledger, now, run, asked };
}

function openWithOrg(cpu = 10) {
  const opened = open();
  opened.now(opened.ledger.addNode({ id: "org", parentId: null, limit: of(cpu, Infinity, Infinity) }));
  opened.asked.length = 0;
  return opened;
}

const request = (id: string, cpu = 1) => ({ id, nodeId: "org", amounts: of(cpu, 0, 2) });

describeLedger("in SQL on node:sqlite", {
  histories: 80,
  crowd: 1_000,
  open: async () => {
    const { database, ledger, now } = open();
    const all = async (operations: readonly LedgerOperation[]) => {
      database.exec("BEGIN");
      const answers = operations.map((each) => now(performSteps(ledger, each)));
      database.exec("COMMIT");
      return answers;
    };
    return { perform: all, performAtOnce: all, [Symbol.asyncDispose]: async () => database.close() };
  },
});

it("makes a transition in one statement", () => {
  const { ledger, now, asked } = openWithOrg();
  now(ledger.reserve(request("a")));
  now(ledger.commit("a"));
  now(ledger.settle("a"));
  now(ledger.reserve(request("b")));
  now(ledger.void("b"));
  now(ledger.expire(1));
  expect(asked).toHaveLength(6);
});

it("takes many reservations in one statement, those that fit, and says of each why not", () => {
  const { ledger, now, asked } = openWithOrg(5);
  const requests = [
    request("a", 3),
    request("b", 3),
    request("a", 3),
    request("a", 2),
    request("c", 2),
    request("bad", 0.5),
  ];
  const answers = now(ledger.reserveAll(requests));
  expect(answers.map((each) => (each.ok ? each.value.state : each.error.code))).toEqual([
    "reserved",
    "QUOTA_EXCEEDED",
    "reserved",
    "CONFLICT",
    "reserved",
    "BAD_REQUEST",
  ]);
  expect([...(now(ledger.findNode("org"))?.held ?? [])]).toEqual([5, 0, 4]);
  asked.length = 0;
  now(ledger.settleAll([{ id: "a" }, { id: "c", kept: of(0, 0, 1) }]));
  expect(asked).toHaveLength(1);
  expect([...(now(ledger.findNode("org"))?.held ?? [])]).toEqual([0, 0, 3]);
  expect(now(ledger.reserveAll([]))).toEqual([]);
  expect(now(ledger.settleAll([]))).toEqual([]);
});

it("settles many in one statement, each once, and says of each why not", () => {
  const { ledger, now } = openWithOrg();
  now(ledger.reserveAll([request("a"), request("b"), request("c")]));
  now(ledger.void("c"));
  const settlements = [
    { id: "a" },
    { id: "a" },
    { id: "a", kept: of(0, 0, 1) },
    { id: "b", kept: of(1, 0, 0) },
    { id: "c" },
    { id: "unknown" },
    { id: "b", kept: of(0, 0, 3) },
  ];
  const answers = now(ledger.settleAll(settlements));
  expect(answers.map((each) => (each.ok ? [...each.value.held] : each.error.code))).toEqual([
    [0, 0, 2],
    [0, 0, 2],
    "CONFLICT",
    "BAD_REQUEST",
    "ALREADY_ENDED",
    "NOT_FOUND",
    "BAD_REQUEST",
  ]);
});

it("the database itself lets no reservation past a limit, whoever writes it", () => {
  const { database, ledger, now } = openWithOrg(5);
  const write = database.prepare("INSERT INTO quota_reservations VALUES (?, ?, 'reserved', NULL, ?, 0, 0, ?, 0, 0)");
  expect(write.run("a", "org", 5, 5).changes).toBe(1);
  expect(write.run("b", "org", 1, 1).changes).toBe(0);
  expect(write.run("c", "nowhere", 0, 0).changes).toBe(0);
  expect([...(now(ledger.findNode("org"))?.held ?? [])]).toEqual([5, 0, 0]);
  expect(now(ledger.changes(0))).toHaveLength(2);
});

it("reserves only together with what else a unit asks", () => {
  const { ledger, run } = openWithOrg();
  expect(run(ledger.statements.reserve([request("a")], { sql: "? = 1", args: [2] }))).toEqual([]);
  expect(run(ledger.statements.reserve([request("a")], { sql: "? = 1", args: [1] }))).toHaveLength(1);
});

it("names the nodes whose counters are not what their reservations hold, and repairs nothing", () => {
  const { database, ledger, now } = openWithOrg();
  now(ledger.addNode({ id: "ws", parentId: "org", limit: of(9, 9, 9) }));
  now(ledger.reserve({ ...request("a", 2), nodeId: "ws" }));
  expect(now(ledger.reconcile())).toEqual([]);
  database.exec("UPDATE quota_nodes SET held_memory = 4 WHERE id = 'org'");
  const drift = [{ nodeId: "org", counted: of(2, 4, 2), reserved: of(2, 0, 2) }];
  expect(now(ledger.reconcile())).toEqual(drift);
  expect(now(ledger.reconcile())).toEqual(drift);
  database.exec("UPDATE quota_nodes SET held_memory = 0; UPDATE quota_reservations SET held_tokens = 1");
  expect(now(ledger.reconcile()).map(({ nodeId }) => nodeId)).toEqual(["org", "ws"]);
});

it("forgets what ended before the newest changes and holds nothing, and nothing else", () => {
  const { ledger, now } = openWithOrg();
  for (const id of ["open", "consumed", "voided", "late"]) now(ledger.reserve(request(id)));
  now(ledger.settle("consumed"));
  now(ledger.void("voided"));
  now(ledger.void("late"));
  now(ledger.trim(1));
  const states = ["open", "consumed", "voided", "late"].map((id) => now(ledger.findReservation(id))?.state);
  expect(states).toEqual(["reserved", "settled", undefined, "voided"]);
  expect(now(ledger.changes(0)).map(({ seq }) => seq)).toEqual([8]);
  expect(now(ledger.reserve(request("voided"))).ok).toBe(true);
  expect(now(ledger.changes(0)).map(({ seq }) => seq)).toEqual([8, 9]);
  now(ledger.trim(100));
  expect(now(ledger.changes(0))).toHaveLength(2);
  for (const kept of [0, -1, 1.5, Number.NaN]) expect(() => now(ledger.trim(kept))).toThrow(RangeError);
});

it("writes again when what spoke against it is gone, and gives up when that never ends", () => {
  const { ledger } = openWithOrg();
  const play = (missed: number) => {
    const steps = ledger.void("a");
    let writes = 0;
    const row = { id: "a", node_id: "org", state: "reserved", expires_at_ms: null };
    const amounts = { amount_cpu: 1, amount_memory: 0, amount_tokens: 0, held_cpu: 1, held_memory: 0, held_tokens: 0 };
    const answer = runNow(steps, ({ sql }) => {
      if (sql.startsWith("UPDATE") && ++writes <= missed) return [];
      return [{ ...row, ...amounts }];
    });
    return { writes, answer };
  };
  expect(play(2)).toMatchObject({ writes: 3, answer: { ok: true } });
  expect(play(99)).toMatchObject({ writes: 5, answer: { ok: false, error: { code: "NOT_READY" } } });
});

it("does not name a column by what is no name", () => {
  for (const name of ["", "Cpu", "a b", "cpu)", 'x"', "a-b"]) {
    expect(() => sqlLedgerSchema(new ResourceList([name]))).toThrow("not a name for a column");
  }
  expect(sqlLedgerSchema(new ResourceList(["gpuHours2"])).join()).toContain("limit_gpuHours2");
});

it("throws at rows that are not of its tables", () => {
  const { database, ledger, now } = openWithOrg();
  now(ledger.reserve(request("a")));
  database.exec("UPDATE quota_reservations SET state = 'lost' WHERE id = 'a'");
  expect(() => now(ledger.findReservation("a"))).toThrow("no state lost");
  database.exec("UPDATE quota_changes SET what = 'grown' WHERE reservation_id IS NULL");
  expect(() => now(ledger.changes(0))).toThrow("no change grown");
  const answer = (row: SqlRow) => () => runNow(ledger.findNode("org"), () => [row]);
  expect(answer({ id: 1 })).toThrow("column id holds no text");
  expect(answer({ id: "org", parent_id: 5 })).toThrow("column parent_id holds no text");
  expect(answer({ id: "org", parent_id: null, limit_cpu: "5" })).toThrow("column limit_cpu holds no number");
});

it("takes the same steps with a database that answers later", async () => {
  const { ledger, run } = openWithOrg(1);
  const later = <T>(steps: SqlSteps<T>) => runLater(steps, async (statement) => run(statement));
  expect(await later(ledger.reserve(request("a")))).toMatchObject({ ok: true });
  expect(await later(ledger.reserve(request("b")))).toMatchObject({ error: { code: "QUOTA_EXCEEDED" } });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@libsql/client";
import { ResourceList } from "@quarterdeck/core/quota/amounts";
import { MemoryLedger } from "@quarterdeck/core/quota/ledger/memory-ledger";
import { SqlLedger } from "@quarterdeck/core/quota/ledger/sql-ledger";
import { sqlLedgerSchema } from "@quarterdeck/core/quota/ledger/sql-ledger-schema";
import type { SqlStatement } from "@quarterdeck/core/quota/sql-statement";
import { openDatabase } from "../../../apps/api/src/db/database.ts";
import { cpuNanos } from "../cpu-time.ts";
import { median } from "../percentile.ts";
import { compare, type Row } from "../row.ts";

const rounds = 7;
const memoryPairs = 500_000;
const sqlPairs = 5_120;
/** How many of what has queued the writer commits together. */
const perCommit = 128;
const barPerSecond = 1_000_000;

const resources = new ResourceList(["cpu", "memory", "disk", "bandwidth", "agents"]);
const levels = ["org", "workspace", "folder", "project"];
const leaf = "project";
const limit = new Float64Array(resources.names.length).fill(2 ** 50);
const amounts = Float64Array.of(500, 512 * 2 ** 20, 2 ** 30, 1_000_000, 1);
const settings = { levels: levels.length, resources: resources.names.length, rounds };

/** Reserve and settle over a tree of four levels with five resources: in memory, and in libSQL, as the API opens it, beside an insert a pair. */
export async function measureLedger(): Promise<Row[]> {
  return [measureMemory(), ...(await measureSql())];
}

function measureMemory(): Row {
  const ledger = new MemoryLedger({ resources });
  levels.forEach((id, n) => ledger.addNode({ id, parentId: levels[n - 1] ?? null, limit }));
  let next = 0;
  const pairs = () => {
    for (let n = 0; n < memoryPairs; n++) {
      const id = `run_${next++}`;
      const isDone = ledger.reserve({ id, nodeId: leaf, amounts }).ok && ledger.settle(id).ok;
      if (!isDone) throw new Error(`${id} was refused`);
    }
  };
  const round = () => (memoryPairs / cpuNanos(pairs)) * 1e9;
  round(); // Compiles it.
  const perSecond = Array.from({ length: rounds }, round);
  return compare({
    what: "ledger in memory: reserve and settle",
    ours: median(perSecond),
    peer: barPerSecond,
    peerName: "the bar itself",
    unit: "pairs/s",
    bar: 1,
    direction: "at least",
    config: {
      ...settings,
      pairs: memoryPairs,
      recorded: 10_000,
      clock: "CPU time of the process, with its garbage collection",
    },
  });
}

async function measureSql(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-ledger-"));
  const { client } = await openDatabase(`file:${join(folder, "ledger.db")}`, null);
  try {
    const plain = `CREATE TABLE plain (id TEXT PRIMARY KEY, node_id TEXT NOT NULL, cpu INTEGER NOT NULL, memory INTEGER NOT NULL,
      disk INTEGER NOT NULL, bandwidth INTEGER NOT NULL, agents INTEGER NOT NULL) STRICT, WITHOUT ROWID`;
    await client.batch([plain, ...sqlLedgerSchema(resources)], "write");
    const { statements } = new SqlLedger({ resources });
    const nodes = levels.map((id, n) => statements.addNode({ id, parentId: levels[n - 1] ?? null, limit }));
    await client.batch(nodes.map(toLibsql), "write");

    const inserts = (ids: readonly string[]) =>
      ids.map((id) => ({ sql: "INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?)", args: [id, leaf, ...amounts] }));
    const requests = (ids: readonly string[]) => ids.map((id) => ({ id, nodeId: leaf, amounts }));
    const together = (ids: readonly string[]) => [
      statements.reserve(requests(ids)),
      statements.settle(ids.map((id) => ({ id }))),
    ];
    const oneByOne = (ids: readonly string[]) => ids.flatMap((id) => together([id]));

    const perSecond = { plain: [] as number[], together: [] as number[], oneByOne: [] as number[] };
    for (let round = 0; round <= rounds; round++) {
      const measured = {
        plain: await rate(client, `p${round}`, inserts),
        together: await rate(client, `t${round}`, together),
        oneByOne: await rate(client, `o${round}`, oneByOne),
      };
      if (round === 0) continue; // Warms up.
      for (const name of ["plain", "together", "oneByOne"] as const) perSecond[name].push(measured[name]);
    }
    await checkNothingIsHeld(client);
    const common = {
      peer: median(perSecond.plain),
      peerName: "one grouped libSQL insert a pair",
      unit: "pairs/s",
      direction: "at least",
    } as const;
    // Where each has statements of its own, as in a unit of the API's writer that also inserts what it counts.
    const config = { ...settings, pairs: sqlPairs, perCommit, durability: "WAL, synchronous FULL", prepared: "once" };
    return [
      compare({
        ...common,
        what: `ledger in SQL: reserve and settle, ${2 / perCommit} statements a pair`,
        ours: median(perSecond.together),
        bar: 0.1,
        config: { ...config, statementsAPair: 2 / perCommit },
      }),
      compare({
        ...common,
        what: "ledger in SQL: reserve and settle one by one, 2 statements a pair",
        ours: median(perSecond.oneByOne),
        bar: 0.1,
        config: { ...config, statementsAPair: 2 },
      }),
    ];
  } finally {
    client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Commits so many pairs, `perCommit` at a time. */
async function rate(
  client: Client,
  prefix: string,
  write: (ids: readonly string[]) => SqlStatement[],
): Promise<number> {
  const startedAt = performance.now();
  for (let done = 0; done < sqlPairs; done += perCommit) {
    const ids = Array.from({ length: perCommit }, (_, n) => `${prefix}_${done + n}`);
    await client.batch(write(ids).map(toLibsql), "write");
  }
  return (sqlPairs / (performance.now() - startedAt)) * 1000;
}

/** All was reserved and settled: a refused write would have been quick, and no pair. */
async function checkNothingIsHeld(client: Client): Promise<void> {
  const { rows } = await client.execute(
    "SELECT (SELECT max(held_cpu) FROM quota_nodes) AS held, (SELECT count(*) FROM quota_reservations WHERE state = 'settled') AS settled",
  );
  const settled = 2 * (rounds + 1) * sqlPairs;
  if (rows[0]?.["held"] !== 0 || rows[0]["settled"] !== settled) throw new Error("not all pairs were settled");
}

function toLibsql({ sql, args }: SqlStatement) {
  return { sql, args: [...args] };
}

import { DatabaseSync } from "node:sqlite";
import type { ShareRow } from "@quarterdeck/core/scheduling/scheduler";
import { expect, test } from "vitest";
import { migrate } from "./migrations.ts";
import { StoredShares } from "./shares.ts";
import type { Row, Sql } from "./sql.ts";

function openSql(): Sql {
  const database = new DatabaseSync(":memory:");
  const sql: Sql = {
    exec: (query, ...bindings) => {
      const rows = database.prepare(query).all(...(bindings as string[])) as Row[];
      return { toArray: () => rows };
    },
  };
  migrate(sql);
  return sql;
}

const row = (path: string, tag: number): ShareRow => ({
  path: path === "" ? [] : path.split(" "),
  tag,
  virtual: tag + 0.25,
  openedAt: 3,
  refundable: 0.5,
});
const byPath = (rows: readonly ShareRow[]) => rows.toSorted((a, b) => (a.path.join(" ") < b.path.join(" ") ? -1 : 1));

test("what was written is there after a restart: the server, its bands, and all below an org", () => {
  const sql = openSql();
  const rows = [row("", 1), row("low", 2), row("low a", 3), row("low a w", 4), row("low a w p", 5), row("urgent a", 6)];
  new StoredShares(sql).write({ changed: rows, gone: [] });
  expect(byPath(new StoredShares(sql).rows())).toEqual(rows);
});

test("a row that changed replaces the one before, and one that is gone is not stored any more", () => {
  const sql = openSql();
  const shares = new StoredShares(sql);
  shares.write({
    changed: [row("low", 2), row("low a", 3), row("low a w", 4), row("low b", 5), row("high", 6)],
    gone: [],
  });
  const second = new StoredShares(sql);
  second.write({ changed: [row("low a", 30)], gone: [["high"], ["low", "a", "w"], ["low", "b"]] });
  const left = [row("low", 2), row("low a", 30)];
  expect(byPath(second.rows())).toEqual(left);
  expect(byPath(new StoredShares(sql).rows())).toEqual(left);
  expect(sql.exec("SELECT place FROM shares").toArray()).toEqual([{ place: "low a" }]);
});

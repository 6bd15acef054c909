import type { ShareRow } from "@quarterdeck/core/scheduling/scheduler";
import { expect, test } from "vitest";
import { StoredShares } from "./shares.ts";
import { openMemorySql } from "../../test/memory-sql.ts";

const row = (path: string, tag: number): ShareRow => ({
  path: path === "" ? [] : path.split(" "),
  tag,
  virtual: tag + 0.25,
  openedAt: 3,
  refundable: 0.5,
});
const byPath = (rows: readonly ShareRow[]) => rows.toSorted((a, b) => (a.path.join(" ") < b.path.join(" ") ? -1 : 1));

test("what was written is there after a restart: the server, its bands, and all below an org", () => {
  const sql = openMemorySql();
  const rows = [row("", 1), row("low", 2), row("low a", 3), row("low a w", 4), row("low a w p", 5), row("urgent a", 6)];
  new StoredShares(sql).write({ changed: rows, gone: [] });
  expect(byPath(new StoredShares(sql).rows())).toEqual(rows);
});

test("a row that changed replaces the one before, and one that is gone is not stored any more", () => {
  const sql = openMemorySql();
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

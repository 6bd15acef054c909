import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { migrate } from "./migrations.ts";
import { forgetServer, gatherServerChanges, nextNumber, readServer, updateServer } from "./server-record.ts";
import type { Row, Sql } from "./sql.ts";

function open() {
  const database = new DatabaseSync(":memory:");
  const queries: string[] = [];
  const sql: Sql = {
    exec: (query, ...bindings) => {
      queries.push(query);
      const rows = database.prepare(query).all(...(bindings as string[])) as Row[];
      return { toArray: () => rows };
    },
  };
  migrate(sql);
  queries.length = 0;
  return { database, sql, queries };
}

describe("the server row", () => {
  test("is read once, and known as it was changed", () => {
    const { sql, queries } = open();
    expect(readServer(sql).epoch).toBe(0);
    updateServer(sql, { epoch: 7, isOnline: true });
    expect(readServer(sql)).toMatchObject({ epoch: 7, isOnline: true });
    expect(queries.filter((query) => query.startsWith("SELECT"))).toHaveLength(1);
    forgetServer(sql);
    expect(readServer(sql)).toMatchObject({ epoch: 7, isOnline: true });
  });

  test("is written once for everything that a transaction changes in it", () => {
    const { sql, queries } = open();
    const numbers = gatherServerChanges(sql, () => {
      updateServer(sql, { outboxThrough: 3 });
      return [nextNumber(sql, "reportsAssigned"), nextNumber(sql, "reportsAssigned"), readServer(sql).outboxThrough];
    });
    expect(numbers).toEqual([1, 2, 3]);
    expect(queries.filter((query) => query.startsWith("UPDATE"))).toHaveLength(1);
    forgetServer(sql);
    expect(readServer(sql)).toMatchObject({ outboxThrough: 3, reportsAssigned: 2 });
  });

  test("is as before when a transaction fails, once it is forgotten, and later changes are written again", () => {
    const { sql } = open();
    const fail = () =>
      gatherServerChanges(sql, () => {
        nextNumber(sql, "commandsAssigned");
        throw new Error("the disk is full");
      });
    expect(fail).toThrow("the disk is full");
    forgetServer(sql);
    expect(nextNumber(sql, "commandsAssigned")).toBe(1);
    forgetServer(sql);
    expect(readServer(sql).commandsAssigned).toBe(1);
  });

  test("loses no change to a transaction inside another: there is none", () => {
    const { sql } = open();
    const nested = () => gatherServerChanges(sql, () => gatherServerChanges(sql, () => undefined));
    expect(nested).toThrow("inside another");
    expect(gatherServerChanges(sql, () => nextNumber(sql, "reportsAssigned"))).toBe(1);
  });
});

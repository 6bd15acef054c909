import { DatabaseSync } from "node:sqlite";
import { dayMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import { migrate } from "../storage/migrations.ts";
import { readServer, updateServer } from "../storage/server-record.ts";
import type { Row, Sql } from "../storage/sql.ts";
import type { ApiClient } from "./api-client.ts";
import { CommandRenewal } from "./command-renewal.ts";
import type { ObjectState } from "./object-state.ts";

test("[F7] signatures that a clock which was far ahead put off are asked for as soon as that is right again", () => {
  const database = new DatabaseSync(":memory:");
  const sql: Sql = {
    exec: (query, ...bindings) => {
      const rows = database.prepare(query).all(...(bindings as string[])) as Row[];
      return { toArray: () => rows };
    },
  };
  migrate(sql);
  const state = { sql, server: () => readServer(sql) } as unknown as ObjectState;
  const renewal = new CommandRenewal(state, {} as unknown as ApiClient);
  expect(renewal.dueMs(10_000)).toBeNull();
  updateServer(sql, { renewalAtMs: 12_000 });
  expect(renewal.dueMs(10_000)).toBe(12_000);
  updateServer(sql, { renewalAtMs: 3650 * dayMs });
  expect(renewal.dueMs(10_000)).toBe(10_000);
});

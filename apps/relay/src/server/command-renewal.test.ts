import type { RunId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { expect, test } from "vitest";
import type { RenewalOutcome } from "../session/renewal.ts";
import { readServer, updateServer } from "../storage/server-record.ts";
import type { ApiClient } from "./api-client.ts";
import { CommandRenewal } from "./command-renewal.ts";
import type { ObjectState } from "./object-state.ts";
import { openMemorySql } from "../../test/memory-sql.ts";

test("[F7] signatures that a clock which was far ahead put off are asked for as soon as that is right again", () => {
  const sql = openMemorySql();
  const state = { sql, server: () => readServer(sql) } as unknown as ObjectState;
  const renewal = new CommandRenewal(state, {} as unknown as ApiClient);
  expect(renewal.dueMs(10_000)).toBeNull();
  updateServer(sql, { renewalAtMs: 12_000 });
  expect(renewal.dueMs(10_000)).toBe(12_000);
  updateServer(sql, { renewalAtMs: 3650 * dayMs });
  expect(renewal.dueMs(10_000)).toBe(10_000);
});

test("a run that steps aside while the API is asked for another is asked for right after", async () => {
  const sql = openMemorySql();
  const [first, second] = [`run_${"0".repeat(26)}`, `run_${"1".repeat(26)}`] as [RunId, RunId];
  let aside = [first];
  const desk = {
    renewals: () => [...aside],
    takeRenewals: (outcomes: readonly RenewalOutcome[]) => {
      aside = aside.filter((runId) => !outcomes.some((outcome) => outcome.runId === runId));
    },
  };
  const state = {
    sql,
    desk,
    trust: { keys: [] },
    server: () => readServer(sql),
    transact: (work: () => void) => work(),
  };
  const api = {
    post: () => {
      aside.push(second);
      return Promise.resolve({
        renewed: [],
        refused: [{ runId: first, code: "COMMAND_EXPIRED", message: "It is late." }],
      });
    },
  };
  const renewal = new CommandRenewal(state as unknown as ObjectState, api as unknown as ApiClient);
  updateServer(sql, { renewalAtMs: 10_000 });
  expect(await renewal.ask(() => 10_000)).toBe(true);
  expect(renewal.dueMs(10_000)).toBe(10_000);
});

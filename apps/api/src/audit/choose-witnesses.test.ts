import type { ServerId } from "@quarterdeck/core/ids";
import { expect, test } from "vitest";
import { chooseWitnesses, witnessesAtOnce } from "./choose-witnesses.ts";

const servers = Array.from({ length: 10 }, (_, index) => `srv_${index}` as ServerId);

test("of many servers a few are told at a time, and each has its turn before one has another", () => {
  const toldAtMs = new Map<ServerId, number>();
  const told: ServerId[] = [];
  for (let minute = 0; minute < 3; minute++) {
    const chosen = chooseWitnesses(servers, toldAtMs);
    expect(chosen).toHaveLength(witnessesAtOnce);
    for (const serverId of chosen) toldAtMs.set(serverId, minute);
    told.push(...chosen);
  }
  expect(new Set(told.slice(0, 10)).size).toBe(10);
});

test("all of a few are told, and nobody of none", () => {
  expect(chooseWitnesses(servers.slice(0, 2), new Map())).toEqual(servers.slice(0, 2));
  expect(chooseWitnesses([], new Map())).toEqual([]);
});

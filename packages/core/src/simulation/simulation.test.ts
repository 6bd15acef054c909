import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { drawWaits } from "./chart.ts";
import type { Outcome } from "./play.ts";
import { seededRandom } from "./random.ts";
import { readTenants } from "./read-tenants.ts";
import { describeOutcomes } from "./report.ts";
import { simulate, standardSimulation } from "./simulate.ts";
import { drawArrivals, standardTenants, type Tenant } from "./workload.ts";

const { untilMs } = standardSimulation;

function playAll(tenants: readonly Tenant[], seed = 1): Map<string, Outcome> {
  return simulate({ ...standardSimulation, tenants, seed });
}

function waitOf(outcome: Outcome | undefined, name: string): number {
  return outcome?.tenants.find((tenant) => tenant.name === name)?.waitP99Ms ?? Number.NaN;
}

describe("ten minutes on a shared server", () => {
  const outcomes = playAll(standardTenants);

  it("ends every task under every policy, and never uses more than there is", () => {
    const arrivals = drawArrivals(standardTenants, { seed: 1, untilMs });
    for (const { tenants, utilisation } of outcomes.values()) {
      expect(tenants.reduce((sum, { tasks }) => sum + tasks, 0)).toBe(arrivals.length);
      expect(utilisation).toBeGreaterThan(0.9);
      expect(utilisation).toBeLessThanOrEqual(1);
      expect(tenants.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
      expect(tenants.reduce((sum, tenant) => sum + tenant.utilisation, 0)).toBeCloseTo(utilisation);
    }
  });

  it("lets small tenants wait for seconds where a line lets them wait for the elephant", () => {
    const fair = outcomes.get("fair shares");
    const line = outcomes.get("first in, first out");
    expect(waitOf(fair, "mouse")).toBeLessThan(10_000);
    expect(waitOf(line, "mouse")).toBeGreaterThan(60 * waitOf(fair, "mouse"));
    expect(waitOf(fair, "steady")).toBeLessThan(waitOf(outcomes.get("round robin"), "steady"));
  });

  it("is the same again from the same seed, and another from another", () => {
    expect(playAll(standardTenants)).toEqual(outcomes);
    expect(playAll(standardTenants, 2)).not.toEqual(outcomes);
  });

  it("is shown as a table and as a picture", () => {
    const table = describeOutcomes(outcomes).split("\n");
    expect(table).toHaveLength(2 + standardTenants.length + 1);
    expect(new Set(table.map((line) => line.split("|").length))).toEqual(new Set([7]));
    expect(drawWaits(outcomes).match(/<rect/g)).toHaveLength(4 + 4 * standardTenants.length);
  });
});

it("gains a tenant nothing to spread its tasks over many projects, where turns by project would pay", () => {
  const [elephant] = standardTenants.filter(({ name }) => name === "elephant");
  if (!elephant) throw new Error("no elephant");
  const sharded: Tenant = { ...elephant, name: "sharded", projects: 50 };
  const outcomes = playAll([elephant, sharded]);
  const shareOf = (policy: string) => outcomes.get(policy)?.tenants[1]?.share ?? Number.NaN;
  expect(shareOf("fair shares")).toBeGreaterThan(0.48);
  expect(shareOf("fair shares")).toBeLessThan(0.52);
  expect(shareOf("round robin")).toBeGreaterThan(0.8);
});

it("is what the README shows", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const cells = (text: string) => text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const shown = cells(readme);
  for (const row of cells(describeOutcomes(simulate(standardSimulation)))) {
    if (!row.includes("---")) expect(shown).toContainEqual(row);
  }
  const chart = readFileSync(new URL("../../waits.svg", import.meta.url), "utf8");
  expect(chart).toBe(drawWaits(simulate(standardSimulation)));
});

it("draws numbers evenly", () => {
  const random = seededRandom(7);
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let n = 0; n < 10_000; n++) tenths[Math.floor(random() * 10)]! += 1;
  for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
});

describe("tenants of one's own", () => {
  const one = {
    name: "batch",
    arrivals: { kind: "flood", tasks: 10 },
    durationMs: [1000, 2000],
    demand: { cpu: "500m", memory: "256Mi" },
  };
  const read = (...tenants: object[]) => readTenants(JSON.stringify(tenants), standardSimulation.capacity);

  it("are read as people write amounts, and played", () => {
    const tenants = read(one, { ...one, name: "other", projects: 3, band: "high", weight: 2 });
    if (!tenants.ok) throw new Error(tenants.error.message);
    const usual = { projects: 1, band: "normal", weight: 1 };
    expect(tenants.value[0]).toEqual({ ...one, ...usual, demand: { cpu: 500, memory: 256 * 2 ** 20 } });
    expect(
      playAll(tenants.value)
        .get("fair shares")
        ?.tenants.map(({ tasks }) => tasks),
    ).toEqual([10, 10]);
  });

  it("are refused with what is wrong with them", () => {
    for (const [refused, why] of [
      [read(), ">=1 items"],
      [read(one, one), "another name"],
      [read({ ...one, demand: { cpu: "lots", memory: "1Gi" } }), 'cpu "lots"'],
      [read({ ...one, demand: { cpu: "9", memory: "1Gi" } }), "more than the server has"],
      [read({ ...one, durationMs: [2, 1] }), "shorter one first"],
      [read({ ...one, arrivals: { kind: "steady", everyMs: 0 } }), "arrivals.everyMs"],
      [read({ ...one, size: 1 }), "size"],
      [readTenants("[", standardSimulation.capacity), "no JSON"],
    ] as const) {
      expect(refused).toMatchObject({ ok: false, error: { message: expect.stringContaining(why) } });
    }
  });
});

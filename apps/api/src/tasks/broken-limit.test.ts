import fc from "fast-check";
import { effectiveLimits } from "@quarterdeck/core/quota/effective-limits";
import { defaultLifecycleFactors, lifecycleStates } from "@quarterdeck/core/quota/lifecycle";
import { resourceNames } from "@quarterdeck/core/quota/resources";
import { expect, test } from "vitest";
import { findBrokenLimit, type DemandBounds } from "./broken-limit.ts";

const demand = { cpu: 400, memory: 512 * 2 ** 20, runs: 1 };
const wide: DemandBounds = {
  org: { limits: {} },
  workspace: { name: "Shop", limits: {} },
  project: { name: "qs", limits: {}, lifecycle: "active", factor: defaultLifecycleFactors.active },
  server: { name: "box", capacity: { cpu: 2000, memory: 2 ** 30, runs: 4 } },
};

test("the limit that is broken is named, the lowest first, in the units that people write", () => {
  expect(findBrokenLimit(demand, wide)).toBeNull();
  expect(findBrokenLimit({ ...demand, cpu: 2500 }, wide)).toBe(
    "It asks for 2.5 cpu, and all that box offers is 2 cpu. Ask for less, or use a larger server.",
  );
  const inOrg = { ...wide, org: { limits: { memory: 256 * 2 ** 20 } } };
  expect(findBrokenLimit(demand, inOrg)).toBe(
    "It asks for 512Mi of memory, and the limit of the organization is 256Mi of memory. Ask for less, or have the limit raised.",
  );
  const inWorkspace = { ...inOrg, workspace: { name: "Shop", limits: { runs: 0 } } };
  expect(findBrokenLimit(demand, inWorkspace)).toBe(
    "It asks for 1 run, and the limit of the workspace Shop is 0 runs. Ask for less, or have the limit raised.",
  );
  const inProject = {
    ...inWorkspace,
    project: { name: "qs", limits: { cpu: 300 }, lifecycle: "active", factor: defaultLifecycleFactors.active } as const,
  };
  expect(findBrokenLimit(demand, inProject)).toContain("the limit of the project qs is 0.3 cpu");
});

test("the state of a project scales what it may have, also what it has from above", () => {
  const suspended = {
    ...wide,
    org: { limits: { cpu: 2000 } },
    project: { name: "qs", limits: {}, lifecycle: "suspended", factor: defaultLifecycleFactors.suspended },
  } as const;
  expect(findBrokenLimit(demand, suspended)).toBe(
    'It asks for 0.4 cpu, and the limit of the project qs, whose state is "suspended", is 0.2 cpu. Ask for less, or put it into another state.',
  );
  expect(findBrokenLimit({ ...demand, cpu: 200 }, suspended)).toBeNull();
});

test("what a server offers counts once its bridge said so, and nothing of a project without one", () => {
  expect(findBrokenLimit({ ...demand, cpu: 9000 }, { ...wide, server: { name: "box", capacity: null } })).toBeNull();
  expect(findBrokenLimit(demand, { ...wide, project: null })).toBeNull();
});

test("it refuses exactly what is above a limit of its place", () => {
  const amount = fc.nat({ max: 20 });
  const limits = fc.record({ cpu: amount, memory: amount, runs: amount }, { requiredKeys: [] });
  const asked = fc.record({ cpu: amount, memory: amount, runs: amount });
  const state = fc.constantFrom(...lifecycleStates);
  fc.assert(
    fc.property(
      asked,
      fc.tuple(limits, limits, limits),
      asked,
      state,
      (wish, [org, workspace, own], capacity, lifecycle) => {
        const held = effectiveLimits(resourceNames, {
          own,
          above: [org, workspace],
          factor: defaultLifecycleFactors[lifecycle],
        });
        const all = [org, workspace, held, capacity] as Partial<Record<string, number | null>>[];
        const isBroken = resourceNames.some((name) =>
          all.some((one) => wish[name] > 0 && wish[name] > (one[name] ?? Number.POSITIVE_INFINITY)),
        );
        const found = findBrokenLimit(wish, {
          org: { limits: org as DemandBounds["org"]["limits"] },
          workspace: { name: "w", limits: workspace as DemandBounds["org"]["limits"] },
          project: {
            name: "p",
            limits: own as DemandBounds["org"]["limits"],
            lifecycle,
            factor: defaultLifecycleFactors[lifecycle],
          },
          server: { name: "s", capacity },
        });
        expect(found !== null).toBe(isBroken);
      },
    ),
  );
});

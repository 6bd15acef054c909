import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { playSeeds } from "./players.ts";
import type { Outcome } from "./run-scenario.ts";
import { drawScenario } from "./scenario.ts";
import { kindOf, shrink } from "./shrink.ts";
import { isCaught, wrongVersions } from "./wrong-versions.ts";

/** How many seeds a wrong version has until it must be seen. */
const patience = 1000;
/** The first scenarios, in which nothing is wrong with any of them: one is caught in the one after. */
const wellPlayed = 5;

it("keeps every promise in 2000 scenarios of faults [F1] [F2] [F3] [F4] [F5] [F7]", async () => {
  const { scenarios, failures } = await playSeeds({ first: 0, count: 2000 });
  expect(failures).toEqual([]);
  expect(scenarios).toBe(2000);
});

it.each([
  [62_303, "a command that waited for room was refused, as its key had been revoked meanwhile [F8] [W2]"],
  [65_245, "a run whose cancel no journal had was said to have been stopped by the end of its lease [F8]"],
  [65_071, "the world itself forgot the wrappers of a server that was rebooted while it came up"],
  [70_675, "the check took what the network repeated for sent"],
])("keeps every promise in scenario %i, where %s", async (seed) => {
  expect((await playSeeds({ first: seed, count: 1 })).failures).toEqual([]);
});

describe.concurrent("sees a shipped source that", () => {
  it.each(wrongVersions)("$name", async (version) => {
    const { failures } = await playSeeds({ first: 0, count: patience, wrong: version.name });
    expect(version.caughtBy).toContain(kindOf(failures.at(-1)?.violations[0] ?? "nothing"));
    // What merely breaks the shipped source does not get through the first scenarios.
    expect(Number(failures[0]?.seed)).toBeGreaterThanOrEqual(wellPlayed);
  });
});

it("does not take a wrong version for caught that merely throws, or hangs where its mistake would show otherwise", () => {
  for (const version of wrongVersions) {
    expect(isCaught(version, ["at 12 ms: the relay threw: TypeError: nothing is not a function"])).toBe(false);
    expect(isCaught(version, [])).toBe(false);
    const hangs = isCaught(version, ["at 12 ms: convergence: run_1 is queued"]);
    expect(hangs).toBe(version.caughtBy.includes("convergence"));
  }
});

it("plays a seed again exactly, also in another process", () => {
  const play = () => {
    const main = join(import.meta.dirname, "main.ts");
    const { stdout, status } = spawnSync(process.execPath, [main, "--seed", "11", "--trace"], { encoding: "utf8" });
    return { status, hash: createHash("sha256").update(stdout).digest("hex"), lines: stdout.split("\n").length };
  };
  const first = play();
  expect(first.lines).toBeGreaterThan(50);
  expect(play()).toEqual(first);
});

it("plays a scenario again exactly in the same process, as shrinking does", () => {
  const source = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
  const script = `
    import { runScenario } from ${source("run-scenario.ts")};
    import { drawScenario } from ${source("scenario.ts")};
    import { loadShipped } from ${source("shipped.ts")};
    const shipped = await loadShipped([]);
    const play = () => runScenario(shipped, drawScenario("11"), { isTraced: true });
    console.log(JSON.stringify([await play(), await play()]));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  const [first, second] = JSON.parse(stdout) as Outcome[];
  expect(first?.trace.length).toBeGreaterThan(50);
  expect(second).toEqual(first);
});

it("draws the same scenario from the same seed", () => {
  expect(drawScenario("7")).toEqual(drawScenario("7"));
  expect(drawScenario("7")).not.toEqual(drawScenario("8"));
});

it("shrinks a failing scenario to what it fails with", async () => {
  const scenario = { ...drawScenario("7"), faults: [...drawScenario("7").faults] };
  const culprit = { kind: "restartRelay", atMs: 5, forMs: 5 } as const;
  scenario.faults.splice(1, 0, culprit);
  const least = await shrink(scenario, async ({ faults }) => faults.includes(culprit));
  expect(least.faults).toEqual([culprit]);
  expect(least.deeds.every(({ kind }) => kind === "nothing")).toBe(true);
});

it("names a violation by what was violated", () => {
  expect(kindOf("at 12 ms: once: run_1 was started a second time")).toBe("once");
});

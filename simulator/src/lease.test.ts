import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import type { Patch } from "./hooks/patch.ts";
import type { Outcome } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { kindOf } from "./shrink.ts";

const minuteMs = 60_000;

/** A run that may not go on alone, and another behind it in its project, while their server is away for longer than the lease. */
const away: Scenario = {
  seed: "lease",
  orgs: 1,
  servers: 1,
  projects: 1,
  viewers: 0,
  crowded: null,
  deeds: [
    { kind: "submit", atMs: 2000, place: 0, durationMs: 30 * minuteMs, lines: 2, exitCode: 0, isAttached: true },
    { kind: "submit", atMs: 3000, place: 0, durationMs: 500, lines: 1, exitCode: 0 },
  ],
  faults: [{ kind: "partition", atMs: 9000, forMs: 25 * minuteMs, link: 0, way: "both" }],
  healAtMs: 40 * minuteMs,
};

function play(patches: readonly Patch[]): Outcome {
  const source = (name: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
  const script = `
    import { runScenario } from ${source("run-scenario.ts")};
    import { loadShipped } from ${source("shipped.ts")};
    const shipped = await loadShipped(${JSON.stringify(patches)});
    console.log(JSON.stringify(await runScenario(shipped, ${JSON.stringify(away)}, { isTraced: true })));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Outcome;
}

it("[F7] a run that may not go on alone has ended when its server is back and the next one begins", () => {
  const { violations, trace } = play([]);
  expect(violations).toEqual([]);
  expect(trace.filter((line) => line.includes("LEASE_EXPIRED"))).toHaveLength(1);
});

it("[F7] sees a bridge that lets it go on", () => {
  const file = "packages/core/src/protocol/lease.ts";
  const patch = { file, find: "stopsAfterMs = limits.leaseMs", replace: "stopsAfterMs = 100 * limits.leaseMs" };
  const { violations } = play([patch]);
  // The relay has given it up, and the platform says so while it still runs.
  expect(kindOf(violations[0] ?? "nothing")).toBe("survivor");
});

import { checkRecord, explainUnconverged, isConverged } from "./checks.ts";
import { planDeeds } from "./deeds.ts";
import { mend, planFaults } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";
import { ReadingsWatch } from "./readings-watch.ts";
import { setStage } from "./stage.ts";
import { TurnWatch } from "./turn-watch.ts";
import { UnderWayWatch } from "./under-way-watch.ts";

const hourMs = 3_600_000;
/** Until the spools of all servers are with the relay and whoever watches, when everything is mended: nothing hurries them. */
const readingsWithinMs = 10 * 60_000;

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly events: number;
  readonly endMs: number;
}

/** Plays one scenario to its end and says what was wrong. */
export async function runScenario(
  shipped: Shipped,
  scenario: Scenario,
  options: { isTraced: boolean },
): Promise<Outcome> {
  const stage = await setStage(shipped, scenario, options);
  const { world } = stage;
  const beginMs = world.timeline.nowMs;
  planDeeds(stage, scenario);
  planFaults(stage, scenario);
  UnderWayWatch.begin(stage, scenario);
  const readings = ReadingsWatch.begin(stage);
  const turns = TurnWatch.begin(stage, scenario);
  await world.play(beginMs + scenario.healAtMs);
  mend(stage);
  const mendedAtMs = world.timeline.nowMs;
  const mendedWallMs = world.wallMs;
  const deadlineMs = world.timeline.nowMs + 3 * hourMs;
  let nextLookMs = 0;
  const nowAndThen = (look: () => boolean) => () => {
    if (world.timeline.nowMs < nextLookMs) return false;
    nextLookMs = world.timeline.nowMs + 250;
    return look();
  };
  const isOver = nowAndThen(() => isConverged(stage));
  if (world.violations.length === 0) await world.play(deadlineMs, isOver);
  if (world.violations.length === 0 && !isConverged(stage)) world.violate(`convergence: ${explainUnconverged(stage)}`);
  if (world.violations.length === 0) checkRecord(stage, { mendedAtMs });
  if (world.violations.length === 0) turns?.check();
  if (world.violations.length === 0) {
    const isComplete = nowAndThen(() => readings.missing(mendedWallMs).length === 0);
    await world.play(world.timeline.nowMs + readingsWithinMs, isComplete);
    const [missing] = readings.missing(mendedWallMs);
    if (missing !== undefined) world.violate(`readings: ${missing}`);
  }
  for (const machine of world.machines) machine.shutDown();
  return {
    violations: world.violations,
    trace: world.traceLines,
    events: world.eventCount,
    endMs: Math.round(world.timeline.nowMs),
  };
}

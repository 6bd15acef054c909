import type { Deed, Fault, Scenario } from "./scenario.ts";

const nothing: Deed = { kind: "nothing", atMs: 0 };

/** What kind of mistake a violation is: the word before the first colon, after the time. */
export function kindOf(violation: string): string {
  return /^at \d+ ms: ([a-z]+)/.exec(violation)?.[1] ?? violation;
}

/**
 * Takes out of a failing scenario whatever it fails without.
 *
 * @param fails plays a scenario; whether it still fails in the same way
 */
export async function shrink(scenario: Scenario, fails: (smaller: Scenario) => Promise<boolean>): Promise<Scenario> {
  let least = scenario;
  const attempt = async (smaller: Scenario) => {
    if (await fails(smaller)) least = smaller;
  };
  for (let size = Math.max(1, scenario.faults.length >> 1); size >= 1; size >>= 1) {
    for (let at = least.faults.length - size; at >= 0; at -= size) {
      const faults: Fault[] = least.faults.toSpliced(at, size);
      await attempt({ ...least, faults });
    }
  }
  for (let at = least.deeds.length - 1; at >= 0; at--) {
    if (least.deeds[at]?.kind !== "nothing") await attempt({ ...least, deeds: least.deeds.with(at, nothing) });
  }
  if (least.viewers > 0 && !least.deeds.some(({ kind }) => kind === "watch")) await attempt({ ...least, viewers: 0 });
  return least;
}

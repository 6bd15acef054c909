// One process that plays scenarios: `player.ts FIRST COUNT STEP WRONG`. It says on standard output, a line of JSON each, what
// failed and how far it is.
import { runScenario } from "./run-scenario.ts";
import { drawScenario } from "./scenario.ts";
import { loadShipped } from "./shipped.ts";
import { crashOwnersOfRejections } from "./world/globals.ts";
import { isCaught, wrongVersions } from "./wrong-versions.ts";

/** What a player says. */
export type PlayerLine =
  | { readonly kind: "failed"; readonly seed: string; readonly violations: readonly string[] }
  | { readonly kind: "done"; readonly scenarios: number; readonly events: number };

const [first = "0", count = "1", step = "1", wrong = ""] = process.argv.slice(2);
const say = (line: PlayerLine) => process.stdout.write(`${JSON.stringify(line)}\n`);

// Errors are thrown and caught by the thousand; what one shows of its stack costs more than most events.
Error.stackTraceLimit = 4;
const version = wrongVersions.find(({ name }) => name === wrong);
const shipped = await loadShipped(version?.patches ?? []);
crashOwnersOfRejections();
let events = 0;
let scenarios = 0;
for (let seed = Number(first); seed < Number(first) + Number(count) * Number(step); seed += Number(step)) {
  const outcome = await runScenario(shipped, drawScenario(String(seed)), { isTraced: false });
  events += outcome.events;
  scenarios++;
  if (outcome.violations.length === 0) continue;
  const { violations } = outcome;
  say({ kind: "failed", seed: String(seed), violations });
  if (version && isCaught(version, violations)) break; // Which is enough.
}
say({ kind: "done", scenarios, events });

import * as z from "zod";
import { percentOf } from "./percent-of.ts";

/** The states of a project, from the one with everything to the one with nothing. */
export const lifecycleStates = ["active", "maintenance", "suspended", "archived"] as const;
export type LifecycleState = (typeof lifecycleStates)[number];

const percent = z.int().min(0).max(100);

/** How much of its limits a project has in a state: of what is held while something runs, and of its storage. */
export const lifecycleFactorSchema = z.strictObject({ runningPercent: percent, storagePercent: percent });
export type LifecycleFactor = z.infer<typeof lifecycleFactorSchema>;

/** The factors of all states. Data of the operator. */
export const lifecycleFactorsSchema = z.strictObject({
  active: lifecycleFactorSchema,
  maintenance: lifecycleFactorSchema,
  suspended: lifecycleFactorSchema,
  archived: lifecycleFactorSchema,
});
export type LifecycleFactors = z.infer<typeof lifecycleFactorsSchema>;

/** What is there before an operator changes it. Storage is kept in every state: what is on the disk stays there. */
export const defaultLifecycleFactors: LifecycleFactors = {
  active: { runningPercent: 100, storagePercent: 100 },
  maintenance: { runningPercent: 50, storagePercent: 100 },
  suspended: { runningPercent: 10, storagePercent: 100 },
  archived: { runningPercent: 0, storagePercent: 100 },
};

const storage: ReadonlySet<string> = new Set(["disk"]);

/**
 * The limits that hold in a state. Rounded down, except that what was above zero stays at least 1 while the factor is: 10 % of
 * 5 runs are 1, or a suspended project could not even be looked after. So a limit never grows, and is zero only where it
 * was zero or the factor is.
 *
 * @param limits by resource, each a safe integer of at least 0; the disk is scaled as storage, all else as running
 * @throws RangeError when a limit is not that
 */
export function scaleLimits<Name extends string>(
  limits: Readonly<Record<Name, number>>,
  { runningPercent, storagePercent }: LifecycleFactor,
): Record<Name, number> {
  const scaled: Record<Name, number> = { ...limits };
  for (const name in limits) {
    const share = storage.has(name) ? storagePercent : runningPercent;
    scaled[name] = Math.max(percentOf(limits[name], share), share > 0 && limits[name] > 0 ? 1 : 0);
  }
  return scaled;
}

import { scaleLimits, type LifecycleFactor } from "./lifecycle.ts";

/** Limits by resource; null, or not there: none. */
type Limits = Readonly<Record<string, number | null | undefined>>;

/**
 * What a node may have of some resources: its own limits in the state that it is in. Where it is scaled and has no limit of its
 * own, it has a share of the smallest above it, so that a suspended project is suspended also where nobody gave it a limit.
 *
 * @param names the resources that are asked for
 * @param own the node's limits
 * @param above the limits of its ancestors
 * @param factor of its state
 */
export function effectiveLimits<Name extends string>(
  names: readonly Name[],
  { own, above, factor }: { own: Limits; above: readonly Limits[]; factor: LifecycleFactor },
): Record<Name, number | null> {
  const entries = names.map((name): [Name, number | null] => {
    const none = scaleLimits({ [name]: Number.MAX_SAFE_INTEGER }, factor)[name];
    if (none === Number.MAX_SAFE_INTEGER) return [name, own[name] ?? null];
    if (none === 0) return [name, 0];
    const limit = own[name] ?? smallest(above.map((limits) => limits[name]));
    return [name, limit === null ? null : (scaleLimits({ [name]: limit }, factor)[name] ?? null)];
  });
  return Object.fromEntries(entries) as Record<Name, number | null>;
}

/** The smallest of some limits; null where none is one. */
export function smallest(limits: readonly (number | null | undefined)[]): number | null {
  const set = limits.filter((limit) => limit !== null && limit !== undefined);
  return set.length === 0 ? null : Math.min(...set);
}

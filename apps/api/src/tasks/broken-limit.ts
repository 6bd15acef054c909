import { amountWords } from "@quarterdeck/core/quota/amount-words";
import { effectiveLimits } from "@quarterdeck/core/quota/effective-limits";
import type { LifecycleFactor, LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import type { QuotaLimits } from "@quarterdeck/core/quota/quota-resources";
import { resourceNames, type Resources } from "@quarterdeck/core/quota/resources";

/** What a run is held to where it is to run, with what people call it. */
export interface DemandBounds {
  readonly org: { readonly limits: QuotaLimits };
  readonly workspace: { readonly name: string; readonly limits: QuotaLimits };
  readonly project: {
    readonly name: string;
    readonly limits: QuotaLimits;
    readonly lifecycle: LifecycleState;
    /** What its state leaves it. */
    readonly factor: LifecycleFactor;
  } | null;
  /** What the server offers in all; null before its bridge said so. */
  readonly server: { readonly name: string; readonly capacity: Resources | null };
}

type RunLimits = Readonly<Partial<Record<keyof Resources, number | null>>>;

/**
 * Why a run could never start, however long it waited: the limit that its demand breaks, the lowest first, in the units that
 * people write; null where it fits. What asks for nothing always fits.
 */
export function findBrokenLimit(demand: Resources, { org, workspace, project, server }: DemandBounds): string | null {
  if (project !== null) {
    const { name, limits, lifecycle, factor } = project;
    const above = [org.limits, workspace.limits];
    const inState = effectiveLimits(resourceNames, { own: limits, above, factor });
    const state = lifecycle === "active" ? "" : `, whose state is "${lifecycle}",`;
    const broken = breaks(demand, inState, `the limit of the project ${name}${state} is`);
    if (broken !== null) {
      const remedy = lifecycle === "active" ? "have the limit raised" : "put it into another state";
      return `${broken}. Ask for less, or ${remedy}.`;
    }
  }
  const limited =
    breaks(demand, workspace.limits, `the limit of the workspace ${workspace.name} is`) ??
    breaks(demand, org.limits, "the limit of the organization is");
  if (limited !== null) return `${limited}. Ask for less, or have the limit raised.`;
  const tooLarge = breaks(demand, server.capacity ?? {}, `all that ${server.name} offers is`);
  return tooLarge === null ? null : `${tooLarge}. Ask for less, or use a larger server.`;
}

function breaks(demand: Resources, limits: RunLimits, whose: string): string | null {
  for (const name of resourceNames) {
    const [asked, limit] = [demand[name], limits[name] ?? Number.POSITIVE_INFINITY];
    if (asked > 0 && asked > limit)
      return `It asks for ${amountWords(name, asked)}, and ${whose} ${amountWords(name, limit)}`;
  }
  return null;
}

import { quotaResourceNames, type QuotaResource } from "@quarterdeck/core/quota/quota-resources";
import type { QuotaHistoryEntry } from "../../api/views.ts";

type Quota = QuotaHistoryEntry["before"];

/** What one change of a quota changed. */
export type QuotaStep =
  | {
      readonly kind: "limit";
      readonly resource: QuotaResource;
      readonly from: number | null;
      readonly to: number | null;
    }
  | { readonly kind: "overcommit"; readonly isOn: boolean }
  | { readonly kind: "weight"; readonly from: number; readonly to: number }
  | { readonly kind: "lifecycle"; readonly to: NonNullable<Quota["lifecycle"]> };

export function quotaSteps(before: Quota, after: Quota): QuotaStep[] {
  const limits = quotaResourceNames.flatMap((resource): QuotaStep[] => {
    const [from, to] = [before.limits[resource] ?? null, after.limits[resource] ?? null];
    return from === to ? [] : [{ kind: "limit", resource, from, to }];
  });
  const { isOvercommitted, lifecycle } = after;
  return [
    ...limits,
    ...(before.isOvercommitted === isOvercommitted ? [] : [{ kind: "overcommit", isOn: isOvercommitted } as const]),
    ...(before.weight === after.weight ? [] : [{ kind: "weight", from: before.weight, to: after.weight } as const]),
    ...(lifecycle === undefined || before.lifecycle === lifecycle
      ? []
      : [{ kind: "lifecycle", to: lifecycle } as const]),
  ];
}

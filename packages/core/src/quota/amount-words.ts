import { bandwidthQuantity, bytesQuantity, cpuQuantity } from "./quantities/quantities.ts";
import type { QuantityKind } from "./quantities/quantity-kind.ts";

/** How people write amounts of what is more than a number of things. */
const quantities: Readonly<Record<string, QuantityKind>> = {
  cpu: cpuQuantity,
  memory: bytesQuantity,
  disk: bytesQuantity,
  bandwidth: bandwidthQuantity,
};

/**
 * An amount of a resource in the words of a refusal, in the units that people write it in: `0.5 cpu`, `512Mi of memory`,
 * `3 runs`. What is more than can be counted exactly, as a sum of limits may be, is said to be that.
 */
export function amountWords(resource: string, amount: number): string {
  const quantity = Object.hasOwn(quantities, resource) ? quantities[resource] : undefined;
  if (amount > Number.MAX_SAFE_INTEGER) return `more ${resource} than can be counted`;
  if (quantity === undefined) return `${amount} ${amount === 1 ? resource.replace(/s$/, "") : resource}`;
  return resource === "cpu" ? `${quantity.print(amount)} cpu` : `${quantity.print(amount)} of ${resource}`;
}

import { bandwidthQuantity, bytesQuantity, cpuQuantity } from "@quarterdeck/core/quota/quantities/quantities";
import { quotaResourceNames, type QuotaChange, type QuotaResource } from "@quarterdeck/core/quota/quota-resources";
import type { QuotaView } from "../../api/views.ts";

const quantities = {
  cpu: cpuQuantity,
  memory: bytesQuantity,
  disk: bytesQuantity,
  bandwidth: bandwidthQuantity,
  io: bandwidthQuantity,
} as const;

/** What of an org's limits makes no sense further down. */
const onlyHigher: Readonly<Record<QuotaView["kind"], readonly QuotaResource[]>> = {
  org: [],
  workspace: ["members", "servers"],
  project: ["members", "servers", "projects"],
};

/** The resources of which a node may have a limit. */
export function resourcesOf(kind: QuotaView["kind"]): readonly QuotaResource[] {
  return quotaResourceNames.filter((name) => !onlyHigher[kind].includes(name));
}

export type LimitTexts = Readonly<Partial<Record<QuotaResource, string>>>;

/** A limit as it is written into a field; none is an empty one. */
export function printLimit(name: QuotaResource, limit: number | undefined): string {
  if (limit === undefined) return "";
  return name in quantities ? quantities[name as keyof typeof quantities].print(limit) : String(limit);
}

/**
 * What changes when a person's words become a node's limits, and what is wrong with them, by field. What was not touched is not
 * changed, so that two people who change different limits do not take each other's back.
 */
export function readLimits(
  limits: QuotaView["limits"],
  texts: LimitTexts,
): { readonly change: QuotaChange; readonly errors: LimitTexts } {
  const change: QuotaChange = {};
  const errors: Partial<Record<QuotaResource, string>> = {};
  for (const [key, text] of Object.entries(texts)) {
    const name = key as QuotaResource;
    if (text.trim() === printLimit(name, limits[name])) continue;
    const read = readLimit(name, text.trim());
    if (typeof read === "string") errors[name] = read;
    else if (read !== (limits[name] ?? null)) change[name] = read;
  }
  return { change, errors };
}

/** A limit, or what is wrong with the text. */
function readLimit(name: QuotaResource, text: string): number | null | string {
  if (text === "") return null;
  if (name in quantities) {
    const parsed = quantities[name as keyof typeof quantities].parse(text);
    return parsed.ok ? parsed.value : parsed.error.message;
  }
  const count = Number(text);
  return /^\d{1,15}$/.test(text) ? count : `${name} "${text}": write a whole number, like 5.`;
}

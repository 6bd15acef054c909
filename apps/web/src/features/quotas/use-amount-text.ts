import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import { bandwidthQuantity } from "@quarterdeck/core/quota/quantities/quantities";
import type { QuotaResource } from "@quarterdeck/core/quota/quota-resources";
import { coreMillicores } from "@quarterdeck/core/units";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";

export type AmountResource = QuotaResource | LimitedResource;

/** Writes amounts of a resource for people: "1.5 cores", "2 GB", "5". Null is no limit. */
export function useAmountText(): (resource: AmountResource, amount: number | null | undefined) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (resource, amount) => {
    if (amount === null || amount === undefined) return t("quotas.noLimit");
    if (resource === "cpu") {
      const cores = amount / coreMillicores;
      return t("quotas.cores", { count: cores, cores: format.number(cores, { maximumFractionDigits: 3 }) });
    }
    if (resource === "memory" || resource === "disk") return format.bytes(amount);
    // As it was written: a limit of 100 MB/s is not 95.4 of something else.
    return resource === "bandwidth" || resource === "io" ? bandwidthQuantity.print(amount) : format.number(amount);
  };
}

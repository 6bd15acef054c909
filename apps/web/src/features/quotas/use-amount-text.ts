import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
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
    return resource === "bandwidth" || resource === "io" ? format.rate(amount) : format.number(amount);
  };
}

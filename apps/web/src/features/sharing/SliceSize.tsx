import { useTranslation } from "react-i18next";
import { useAmountText } from "../quotas/use-amount-text.ts";
import { sliceResources, type SliceLimits } from "./slice-resources.ts";

/** The limits of a slice in a line; one without any says so. */
export function SliceSize({ limits, weight }: { limits: SliceLimits; weight: number }) {
  const { t } = useTranslation();
  const amount = useAmountText();
  const limited = sliceResources.filter((name) => limits[name] !== undefined);
  const words = limited.map((name) => `${t(`quotas.resource.${name}`)} ${amount(name, limits[name])}`);
  return (
    <>
      {[...(words.length === 0 ? [t("quotas.noLimit")] : words), t("sharing.given.weightOf", { weight })].join(" · ")}
    </>
  );
}

import { useTranslation } from "react-i18next";
import type { BridgeVersionView } from "../../api/views.ts";
import { actionText, featureText } from "./ability-text.ts";

/** What an update would bring to a bridge. */
export function Brings({ brings }: { brings: BridgeVersionView["brings"] }) {
  const { t } = useTranslation();
  const texts = [
    ...brings.actions.map((action) => actionText(t, action)),
    ...brings.features.map((feature) => featureText(t, feature)),
  ];
  if (texts.length === 0) return <p className="text-muted">{t("updates.bringsFixes")}</p>;
  return (
    <div>
      <p>{t("updates.brings")}</p>
      <ul className="mt-1 list-disc ps-5">
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <p className="mt-1 text-muted">{t("updates.lacks")}</p>
    </div>
  );
}

import { useTranslation } from "react-i18next";
import type { NodeEvidenceView } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";

/** That the kernel does not hold a limit, where one looks first. */
export function MismatchNotice({ items }: { items: NodeEvidenceView["items"] }) {
  const { t } = useTranslation();
  const wrong = items.filter(({ state }) => state === "mismatch");
  if (wrong.length === 0) return null;
  const resources = wrong.map(({ resource }) => t(`quotas.resource.${resource}`)).join(", ");
  return (
    <Alert tone="bad" title={t("quotas.mismatch.title", { resources })}>
      {t("quotas.mismatch.text")}
    </Alert>
  );
}

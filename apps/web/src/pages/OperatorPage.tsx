import { useTranslation } from "react-i18next";
import { PageHeader } from "../app/PageHeader.tsx";
import { HealthSection } from "../features/operator/HealthSection.tsx";
import { KeysSection } from "../features/operator/KeysSection.tsx";
import { OrgsSection } from "../features/operator/OrgsSection.tsx";
import { PendingLinks } from "../features/operator/PendingLinks.tsx";
import { SignUpSetting } from "../features/operator/SignUpSetting.tsx";

/** What an operator of the platform sees and does. It has nothing of what tenants keep. */
export function OperatorPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHeader documentTitle={t("operator.title")} title={t("operator.title")} meta={t("operator.intro")} />
      <div className="flex flex-col gap-8">
        <HealthSection />
        <OrgsSection />
        <SignUpSetting />
        <PendingLinks />
        <KeysSection />
      </div>
    </>
  );
}

import { Compass } from "lucide-react";
import { useTranslation } from "react-i18next";
import { TextLink } from "../app/TextLink.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";

export function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <div className="mx-auto max-w-lg p-8">
      <EmptyState
        icon={Compass}
        title={t("common.notFound")}
        action={
          <TextLink to="/servers" className="font-medium text-accent">
            {t("common.home")}
          </TextLink>
        }
      />
    </div>
  );
}

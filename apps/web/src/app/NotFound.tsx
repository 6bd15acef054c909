import { Compass } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { TextLink } from "./TextLink.tsx";
import { buttonClasses } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";

/** What an address leads to that names nothing, or nothing any more. */
export function NotFound() {
  const { t } = useTranslation();
  const title = t("common.notFound");
  useEffect(() => {
    document.title = `${title} · Quarterdeck`;
  }, [title]);
  return (
    <div className="mx-auto w-full max-w-lg py-8">
      <EmptyState
        icon={Compass}
        title={<h1>{title}</h1>}
        action={
          <TextLink to="/servers" className={buttonClasses("secondary", "hover:no-underline")}>
            {t("common.toServers")}
          </TextLink>
        }
      >
        {t("common.notFoundText")}
      </EmptyState>
    </div>
  );
}

import { useTranslation } from "react-i18next";
import { TextLink } from "../../app/TextLink.tsx";

/** The way out of a page that leads nowhere for whoever came by mistake. */
export function BackToSignIn() {
  const { t } = useTranslation();
  return (
    <p className="mt-4 text-center text-sm">
      <TextLink to="/sign-in" className="text-accent">
        {t("auth.forgot.back")}
      </TextLink>
    </p>
  );
}

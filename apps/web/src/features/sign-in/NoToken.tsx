import { useTranslation } from "react-i18next";
import { Alert } from "../../ui/Alert.tsx";
import { BackToSignIn } from "./BackToSignIn.tsx";

/** The page was opened without its link. */
export function NoToken() {
  const { t } = useTranslation();
  return (
    <>
      <Alert tone="warn" title={t("auth.reset.noToken")}>
        {t("auth.reset.noTokenText")}
      </Alert>
      <BackToSignIn />
    </>
  );
}

import { useTranslation } from "react-i18next";
import { errorText } from "../api/error-text.ts";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";

/** A page that could not be shown at all. */
export function FailedPage({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="mx-auto max-w-lg p-8">
      <Alert tone="bad" title={t("common.pageFailed")} action={<Button onClick={reset}>{t("common.tryAgain")}</Button>}>
        {errorText(t, error)}
      </Alert>
    </div>
  );
}

import { useRouter } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../api/error-text.ts";
import { Alert } from "../ui/Alert.tsx";
import { Button } from "../ui/Button.tsx";

/** A page that could not be shown at all. */
export function FailedPage({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation();
  const router = useRouter();
  const tryAgain = () => {
    void router.invalidate();
    reset();
  };
  return (
    <div className="mx-auto w-full max-w-lg py-8">
      <Alert
        tone="bad"
        title={<h1>{t("common.pageFailed")}</h1>}
        action={
          <Button onClick={tryAgain}>
            <RefreshCw aria-hidden />
            {t("common.tryAgain")}
          </Button>
        }
      >
        {errorText(t, error)}
      </Alert>
    </div>
  );
}

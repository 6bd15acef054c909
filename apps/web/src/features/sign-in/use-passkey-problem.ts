import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { PasskeyCancelled } from "./passkey-ceremony.ts";

/** What to say of a ceremony that failed. */
export function usePasskeyProblem(error: unknown): string | undefined {
  const { t } = useTranslation();
  if (error === null || error === undefined) return undefined;
  return error instanceof PasskeyCancelled ? t("auth.passkeyCancelled") : errorText(t, error);
}

import { useTranslation } from "react-i18next";
import { errorText } from "../api/error-text.ts";
import { toApiError } from "../api/api-error.ts";

export interface FormErrors {
  /** What is wrong with this field, if the platform blamed it. */
  readonly of: (field: string) => string | undefined;
  /** What is wrong apart from the fields. */
  readonly general: string | undefined;
}

/**
 * Sorts a form's error to where the person is: to the fields that the platform blamed, or to the form.
 *
 * @param fieldByCode which field an error code is about, where the platform names none
 */
export function useFormErrors(error: unknown, fieldByCode: Readonly<Record<string, string>> = {}): FormErrors {
  const { t } = useTranslation();
  if (error === null || error === undefined) return { of: () => undefined, general: undefined };
  const { code, fields } = toApiError(error);
  const text = errorText(t, error);
  const field = fieldByCode[code];
  if (Object.keys(fields).length > 0) return { of: (name) => fields[name], general: undefined };
  if (field !== undefined) return { of: (name) => (name === field ? text : undefined), general: undefined };
  return { of: () => undefined, general: text };
}

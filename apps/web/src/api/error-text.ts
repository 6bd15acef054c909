import type { TFunction } from "i18next";
import { toApiError, type ApiError } from "./api-error.ts";

/** Codes that mean the same wherever they come from; the others keep the platform's words, which name the thing. */
export const translatedCodes = [
  "UNREACHABLE",
  "UNAUTHENTICATED",
  "WRONG_CREDENTIALS",
  "TOKEN_EXPIRED",
  "TOKEN_USED",
  "FORBIDDEN",
  "ORIGIN_REFUSED",
  "RATE_LIMITED",
  "SERVER_OFFLINE",
  "RELAY_UNAVAILABLE",
  "INTERNAL",
] as const satisfies readonly ApiError["code"][];

function isTranslated(code: ApiError["code"]): code is (typeof translatedCodes)[number] {
  return (translatedCodes as readonly string[]).includes(code);
}

/** What to tell a person about an error: the translated text of its code, else the platform's own message. */
export function errorText(t: TFunction, error: unknown): string {
  const { code, message } = toApiError(error);
  if (isTranslated(code)) return t(`errors.${code}`);
  return message === "" ? t("errors.INTERNAL") : message;
}

import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import { english } from "./english.ts";

export const i18n = i18next.createInstance();

export async function startI18n(): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: english } },
    interpolation: { escapeValue: false }, // React escapes.
    returnNull: false,
  });
}

/** Tells the page in which language it is written, and in which direction. */
export function applyLanguage(page: HTMLElement): void {
  page.lang = i18n.language;
  page.dir = i18n.dir();
}

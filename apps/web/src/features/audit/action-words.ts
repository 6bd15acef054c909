import type { TFunction } from "i18next";
import { english } from "../../i18n/english.ts";

const words = english.audit.action;
type KnownAction = keyof typeof words;

/** What an action did, in words; null for one that has none. What was refused may be named by its procedure, in the plural. */
export function actionWords(t: TFunction, action: string): string | null {
  const key = action.replace(".", "-");
  const found = [key, key.replace("s-", "-")].find((one): one is KnownAction => Object.hasOwn(words, one));
  return found === undefined ? null : t(`audit.action.${found}`);
}

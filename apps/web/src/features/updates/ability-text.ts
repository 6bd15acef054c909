import type { TFunction } from "i18next";
import { english } from "../../i18n/english.ts";

const { action: actionTexts, feature: featureTexts } = english.updates;

/** What an action of a bridge is to a person; a platform may offer a bridge that is newer than its console. */
export function actionText(t: TFunction, action: string): string {
  const key = action.replaceAll(".", "-"); // A dot would lead into the texts.
  if (!Object.hasOwn(actionTexts, key)) return t("updates.unknownAbility", { name: action });
  return t(`updates.action.${key as keyof typeof actionTexts}`);
}

export function featureText(t: TFunction, feature: string): string {
  if (!Object.hasOwn(featureTexts, feature)) return t("updates.unknownAbility", { name: feature });
  return t(`updates.feature.${feature as keyof typeof featureTexts}`);
}

import { useTranslation } from "react-i18next";
import type { Meanwhile } from "./meanwhile.ts";

/** Says in one sentence what happened meanwhile. */
export function useMeanwhileText(): (what: Meanwhile) => string {
  const { t, i18n } = useTranslation();
  return (what) => {
    const list = new Intl.ListFormat(i18n.language, { style: "long", type: "conjunction" });
    const parts = [
      what.finishedRuns > 0 && t("connection.finished", { count: what.finishedRuns }),
      what.failedRuns > 0 && t("connection.failed", { count: what.failedRuns }),
      what.startedRuns > 0 && t("connection.started", { count: what.startedRuns }),
      what.wentOffline.length > 0 &&
        t("connection.wentOffline", { count: what.wentOffline.length, names: list.format(what.wentOffline) }),
      what.wentOnline.length > 0 &&
        t("connection.wentOnline", { count: what.wentOnline.length, names: list.format(what.wentOnline) }),
    ].filter((part) => part !== false);
    if (parts.length === 0) return t("connection.nothing");
    return t("connection.meanwhile", { what: list.format(parts) });
  };
}

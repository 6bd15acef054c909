import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import {
  formatAgo,
  formatBytes,
  formatClock,
  formatCountdown,
  formatDateTime,
  formatDay,
  formatDuration,
  formatElapsed,
  formatNumber,
  formatPercent,
  formatRate,
  formatSpan,
} from "./format.ts";

/** Numbers, sizes and times in the language of the page. */
export function useFormat() {
  const { t, i18n } = useTranslation();
  const language = i18n.language;
  return useMemo(
    () => ({
      number: (value: number, options?: Intl.NumberFormatOptions) => formatNumber(language, value, options),
      bytes: (bytes: number) => formatBytes(language, bytes),
      percent: (share: number) => formatPercent(language, share),
      duration: (ms: number) => formatDuration(language, ms),
      elapsed: (ms: number) => formatElapsed(language, ms),
      countdown: (ms: number) => formatCountdown(language, ms),
      dateTime: (atMs: number) => formatDateTime(language, atMs),
      day: (atMs: number) => formatDay(language, atMs),
      ago: (atMs: number, nowMs: number) => formatAgo(language, atMs, nowMs) ?? t("common.justNow"),
      span: (ms: number) => formatSpan(language, ms),
      clock: (atMs: number, hasSeconds: boolean) => formatClock(language, atMs, hasSeconds),
      rate: (bytesPerSecond: number) => formatRate(language, bytesPerSecond),
    }),
    [language, t],
  );
}

import { useTranslation } from "react-i18next";
import { useFormat } from "../i18n/use-format.ts";
import { useNow } from "./use-now.ts";

const renewMs = 10_000;
/** Shorter than this is a figure that nobody needs. */
const leastMs = 60_000;

/** For how long something has been as it is; nothing in its first minute. */
export function TimeSince({ atMs }: { atMs: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const spanMs = useNow(renewMs) - atMs;
  if (spanMs < leastMs) return null;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={format.dateTime(atMs)} className="text-xs whitespace-nowrap">
      {t("servers.for", { duration: format.span(spanMs) })}
    </time>
  );
}

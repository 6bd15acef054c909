import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import type { Hole } from "./holes.ts";

/** The most holes that are read out one by one. */
const named = 5;

/** Says when a server's charts have no readings, and why: the hatched parts, in words. */
export function HoleList({ holes }: { holes: readonly Hole[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (holes.length === 0) return null;
  const shown = holes.slice(-named);
  const isShort = holes.some(({ fromMs, toMs }) => toMs - fromMs < 120_000);
  return (
    <div className="mt-2 flex items-center gap-2 text-xs text-muted">
      <span className="hatched size-3 shrink-0 rounded-xs border border-line" aria-hidden />
      <span aria-hidden>{t("servers.holes.marked")}</span>
      <div className="sr-only">
        <p>{t("servers.holes.count", { count: holes.length })}</p>
        <ul>
          {shown.map(({ fromMs, toMs, reason }) => (
            <li key={fromMs}>
              {t(`servers.holes.${reason ?? "unknown"}`, {
                from: format.clock(fromMs, isShort),
                to: format.clock(toMs, isShort),
              })}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

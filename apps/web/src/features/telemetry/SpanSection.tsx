import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Select } from "../../ui/Select.tsx";
import { spans, type Span } from "./span.ts";

interface SpanSectionProps {
  readonly title: string;
  readonly span: Span;
  readonly onSpan: (span: Span) => void;
  readonly children: ReactNode;
}

/** Charts with their heading, and the choice of how much time they show. */
export function SpanSection({ title, span, onSpan, children }: SpanSectionProps) {
  const { t } = useTranslation();
  return (
    <section aria-label={title} className="min-w-0">
      <div className="mb-2 flex min-h-8 flex-wrap items-center justify-between gap-2">
        <h2 className="text-sm font-semibold">{title}</h2>
        <Select
          aria-label={t("telemetry.spanLabel")}
          value={span}
          onChange={({ target }) => onSpan(spans.find((one) => one === target.value) ?? span)}
        >
          {spans.map((one) => (
            <option key={one} value={one}>
              {t(`telemetry.span.${one}`)}
            </option>
          ))}
        </Select>
      </div>
      {children}
    </section>
  );
}

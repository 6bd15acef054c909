import { useTranslation } from "react-i18next";
import { Select } from "../../ui/Select.tsx";
import { spans, type Span } from "./span.ts";

/** Chooses how much time charts show. */
export function SpanSelect({ span, onSpan }: { span: Span; onSpan: (span: Span) => void }) {
  const { t } = useTranslation();
  return (
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
  );
}

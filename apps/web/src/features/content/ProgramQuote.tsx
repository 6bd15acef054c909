import { useTranslation } from "react-i18next";
import type { TaskDetail } from "../../api/views.ts";
import { useQuote } from "./use-opened.ts";

/** What a program said about the failure of its run, which only readers of the project can open. */
export function ProgramQuote({ task }: { task: TaskDetail }) {
  const { t } = useTranslation();
  const quote = useQuote(task);
  if (quote === undefined || (quote.ok && quote.value === null)) return null;
  return (
    <p className="mt-1 whitespace-pre-wrap">
      {quote.ok ? (
        <bdi className="font-mono text-xs">{quote.value}</bdi>
      ) : (
        t("content.unreadable", { reason: quote.error.message })
      )}
    </p>
  );
}

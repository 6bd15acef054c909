import { useFormat } from "../i18n/use-format.ts";
import { useNow } from "./use-now.ts";

const renewMs = 10_000;

export function TimeAgo({ atMs }: { atMs: number }) {
  const format = useFormat();
  const nowMs = useNow(renewMs);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={format.dateTime(atMs)} className="whitespace-nowrap">
      {format.ago(atMs, nowMs)}
    </time>
  );
}

import { classes } from "./classes.ts";

export interface MeterProps {
  readonly label: string;
  /** From 0 to 1; null while nothing is known. */
  readonly share: number | null;
  /** The reading in words, for example "3.1 of 8 GB". */
  readonly text: string;
  readonly warnAbove?: number;
}

/** One live reading as a bar with its label and figure. */
export function Meter({ label, share, text, warnAbove = 0.9 }: MeterProps) {
  const percent = share === null ? 0 : Math.min(100, Math.max(0, share * 100));
  const isHigh = share !== null && share > warnAbove;
  return (
    <div className="min-w-0">
      <div className="mb-1 flex items-baseline justify-between gap-2 text-xs">
        <span className="text-muted">{label}</span>
        <span className={classes("truncate tabular-nums", isHigh ? "font-medium text-warn" : "text-ink")}>{text}</span>
      </div>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(percent)}
        aria-valuetext={text}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={classes(
            "h-full rounded-full transition-[width] duration-700 ease-out",
            isHigh ? "bg-warn" : "bg-accent",
          )}
          style={{ width: `${percent}%` }}
        />
      </div>
    </div>
  );
}

import { classes } from "./classes.ts";

const tones = {
  good: "bg-good",
  bad: "bg-bad",
  warn: "bg-warn",
  neutral: "bg-line-strong",
  accent: "bg-accent",
} as const;

/** A dot beside a text that says the same: colour alone never carries the meaning. */
export function StatusDot({ tone, isPulsing = false }: { tone: keyof typeof tones; isPulsing?: boolean }) {
  return (
    <span className="relative inline-flex size-2 shrink-0" aria-hidden>
      {isPulsing && <span className={classes("absolute inset-0 animate-ping rounded-full opacity-50", tones[tone])} />}
      <span className={classes("relative size-2 rounded-full", tones[tone])} />
    </span>
  );
}

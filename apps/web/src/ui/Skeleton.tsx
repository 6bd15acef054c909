import { classes } from "./classes.ts";

/** Where something is about to be. It shows itself only when that takes a moment, so that nothing flashes. */
export function Skeleton({ className }: { className?: string }) {
  return <div data-skeleton className={classes("animate-waiting rounded-md bg-line/70", className)} aria-hidden />;
}

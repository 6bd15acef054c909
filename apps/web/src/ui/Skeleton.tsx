import { classes } from "./classes.ts";

/** Where something is about to be. */
export function Skeleton({ className }: { className?: string }) {
  return <div className={classes("animate-pulse rounded-md bg-line/70", className)} aria-hidden />;
}

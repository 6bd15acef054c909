import type { ReactNode } from "react";
import { classes } from "./classes.ts";

export function Card({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={classes("rounded-lg border border-line bg-surface shadow-card", className)}>{children}</div>;
}

export interface SectionProps {
  readonly title: ReactNode;
  readonly action?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

/** A part of a page with its heading. */
export function Section({ title, action, children, className }: SectionProps) {
  return (
    <section className={classes("min-w-0", className)}>
      <div className="mb-2 flex min-h-8 flex-wrap items-center justify-between gap-2">
        <h2 className="text-sm font-semibold">{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "./classes.ts";

const tones = {
  bad: { Icon: CircleAlert, box: "border-bad/30 bg-bad-soft", icon: "text-bad" },
  warn: { Icon: TriangleAlert, box: "border-warn/30 bg-warn-soft", icon: "text-warn" },
  info: { Icon: Info, box: "border-line bg-sunken", icon: "text-accent" },
} as const;

export interface AlertProps {
  readonly tone: keyof typeof tones;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
  readonly className?: string;
}

/** Something to know, right where it matters. Errors and warnings are read out. */
export function Alert({ tone, title, children, action, className }: AlertProps) {
  const { Icon, box, icon } = tones[tone];
  return (
    <div
      role={tone === "info" ? "note" : "alert"}
      className={classes(
        "flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md border px-3 py-2.5 text-sm",
        box,
        className,
      )}
    >
      <Icon className={classes("mt-0.5 size-4 shrink-0", icon)} aria-hidden />
      <div className="min-w-0 flex-1 basis-48 break-words">
        {title !== undefined && <div className="font-medium">{title}</div>}
        {children}
      </div>
      {action}
    </div>
  );
}

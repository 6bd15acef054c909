import { ChevronDown } from "lucide-react";
import type { ComponentProps } from "react";
import { classes } from "./classes.ts";
import { inputClasses } from "./Field.tsx";

/** The browser's own select: it works with every keyboard, screen reader and telephone. */
export function Select({ className, children, ...props }: ComponentProps<"select">) {
  return (
    <span className="relative block min-w-0">
      <select {...props} className={classes(inputClasses, "appearance-none pe-8", className)}>
        {children}
      </select>
      <ChevronDown className="pointer-events-none absolute end-2.5 top-2.5 size-3.5 text-muted" aria-hidden />
    </span>
  );
}

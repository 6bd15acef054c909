import type { ComponentProps } from "react";
import { classes } from "./classes.ts";

/** A button that is only an icon: `label` is what it is called, and its tooltip. */
export function IconButton({ label, className, ...props }: ComponentProps<"button"> & { readonly label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...props}
      className={classes(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted transition-colors",
        "hover:bg-hover hover:text-ink disabled:pointer-events-none disabled:opacity-50 [&_svg]:size-4",
        className,
      )}
    />
  );
}

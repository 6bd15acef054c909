import { LoaderCircle } from "lucide-react";
import type { ComponentProps } from "react";
import { classes } from "./classes.ts";

const variants = {
  primary: "bg-accent text-accent-ink hover:bg-accent-strong border-transparent font-medium",
  secondary: "bg-surface text-ink border-line hover:bg-hover hover:border-line-strong/60",
  ghost: "bg-transparent text-muted border-transparent hover:bg-hover hover:text-ink",
  danger: "bg-surface text-bad border-line hover:bg-bad-soft hover:border-bad/40",
} as const;

export interface ButtonProps extends ComponentProps<"button"> {
  readonly variant?: keyof typeof variants;
  /** Something is under way: the button cannot be pressed and shows it. */
  readonly isBusy?: boolean;
}

export function buttonClasses(variant: keyof typeof variants = "secondary", className?: string): string {
  return classes(
    "inline-flex h-8 shrink-0 items-center justify-center gap-1.5 rounded-md border px-3 text-sm whitespace-nowrap select-none",
    "transition-colors disabled:pointer-events-none disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0",
    variants[variant],
    className,
  );
}

export function Button({ variant, isBusy = false, className, disabled, children, ...props }: ButtonProps) {
  return (
    <button
      type="button"
      {...props}
      className={buttonClasses(variant, className)}
      disabled={disabled === true || isBusy}
      aria-busy={isBusy || undefined}
    >
      {isBusy && <LoaderCircle className="animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

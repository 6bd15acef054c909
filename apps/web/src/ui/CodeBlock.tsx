import { classes } from "./classes.ts";

/** A command or code to read and copy. Always left to right, whatever the language of the page. */
export function CodeBlock({ text, label, className }: { text: string; label: string; className?: string }) {
  return (
    <pre
      dir="ltr"
      tabIndex={0}
      aria-label={label}
      className={classes(
        "max-h-56 overflow-auto rounded-md border border-line bg-sunken p-3 text-start font-mono text-xs leading-5 wrap-anywhere whitespace-pre-wrap",
        className,
      )}
    >
      {text}
    </pre>
  );
}

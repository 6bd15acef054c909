import { classes } from "./classes.ts";

export interface CheckboxProps {
  readonly label: string;
  readonly hint: string;
  readonly value: boolean;
  readonly onChange: (isChecked: boolean) => void;
  readonly className?: string;
}

/** A box to tick, with what it means below. */
export function Checkbox({ label, hint, value, onChange, className }: CheckboxProps) {
  return (
    <label className={classes("flex items-start gap-2 text-sm", className)}>
      <input
        type="checkbox"
        checked={value}
        onChange={({ target }) => onChange(target.checked)}
        className="mt-0.5 accent-accent"
      />
      <span>
        {label}
        <span className="block text-xs text-muted">{hint}</span>
      </span>
    </label>
  );
}

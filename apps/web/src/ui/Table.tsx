import type { ReactNode } from "react";
import { classes } from "./classes.ts";

export interface Column {
  readonly title: string;
  /** Left out where there is little room. */
  readonly isWideOnly?: boolean;
}

/** A table that scrolls sideways in its own box when the window is too narrow. */
export function Table({
  label,
  columns,
  isText = false,
  children,
}: {
  label: string;
  columns: readonly Column[];
  /** Nothing in it can be focused: then the box itself can, or keys could not scroll it. */
  isText?: boolean;
  children: ReactNode;
}) {
  return (
    <div
      className="overflow-x-auto rounded-lg border border-line bg-surface shadow-card"
      {...(isText ? { role: "group", "aria-label": label, tabIndex: 0 } : {})}
    >
      <table aria-label={label} className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-2xs font-medium text-muted">
            {columns.map(({ title, isWideOnly }) => (
              <th
                key={title}
                scope="col"
                className={classes(
                  "px-3 py-2 text-start font-medium whitespace-nowrap",
                  isWideOnly === true && "max-sm:hidden",
                )}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y divide-line">{children}</tbody>
      </table>
    </div>
  );
}

export interface CellProps {
  readonly children: ReactNode;
  readonly className?: string;
  readonly isWideOnly?: boolean;
}

export function Cell({ children, className, isWideOnly = false }: CellProps) {
  return <td className={classes("px-3 py-2 align-middle", isWideOnly && "max-sm:hidden", className)}>{children}</td>;
}

import { memo } from "react";
import { classes } from "../../ui/classes.ts";
import { AnsiLine } from "./AnsiLine.tsx";
import type { SgrStyle } from "./sgr.ts";

/** Pixels of one line. */
export const lineHeight = 20;

export interface LogRowProps {
  /** Null where the lines before it are not known. */
  readonly number: number | null;
  /** Digits of the highest number: all numbers are as wide. */
  readonly digits: number;
  readonly text: string;
  readonly style: SgrStyle;
  readonly isNote: boolean;
}

export const LogRow = memo(function LogRow({ number, digits, text, style, isNote }: LogRowProps) {
  return (
    <div className="flex whitespace-pre hover:bg-hover" style={{ height: lineHeight }}>
      {number !== null && (
        <span
          aria-hidden
          className="sticky left-0 shrink-0 bg-terminal px-3 text-end text-muted select-none"
          style={{ minWidth: `calc(${digits}ch + 1.5rem)` }}
        >
          {number}
        </span>
      )}
      <span className={classes("pe-4", number === null && "ps-3", isNote && "text-warn italic")}>
        <AnsiLine text={text} style={style} />
        {"\n"}
      </span>
    </div>
  );
});

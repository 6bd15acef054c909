import { ArrowDownToLine } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import type { LogDocument } from "./log-document.ts";
import { lineHeight, LogRow } from "./LogRow.tsx";
import { logWindow } from "./log-window.ts";

const padding = 10;
/** This near the end counts as at the end. */
const endSlack = 2 * lineHeight;

export interface LogViewProps {
  readonly log: LogDocument;
  /** Rises with each change of the log. */
  readonly revision: number;
  readonly placeholder: string;
  readonly isLive: boolean;
  /** The log begins somewhere in the middle: its lines have no numbers. */
  readonly isPartial: boolean;
}

/** A run's output: draws only the lines in sight, follows the end until the reader scrolls up. */
export function LogView({ log, revision, placeholder, isLive, isPartial }: LogViewProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const box = useRef<HTMLDivElement>(null);
  const [isFollowing, setIsFollowing] = useState(true);
  const [view, setView] = useState({ scrollTop: 0, height: 480 });
  const lineCount = log.lineCount;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setView((old) => ({ ...old, height: element.clientHeight })));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null && isFollowing) element.scrollTop = element.scrollHeight;
  }, [isFollowing, revision, lineCount]);

  const scrolled = () => {
    const element = box.current;
    if (element === null) return;
    setView({ scrollTop: element.scrollTop, height: element.clientHeight });
    // Content only grows, so being away from the end means that the reader went there.
    setIsFollowing(element.scrollHeight - element.scrollTop - element.clientHeight <= endSlack);
  };

  const { first, end } = logWindow(lineCount, { ...view, lineHeight });
  const indexes = Array.from({ length: end - first }, (_, index) => first + index);
  const digits = String(log.droppedLines + lineCount).length;
  return (
    <div className="relative">
      {log.droppedLines > 0 && (
        <p className="border-b border-line px-3 py-1.5 text-xs text-muted">
          {t("runs.log.dropped", { count: log.droppedLines, formatted: format.number(log.droppedLines) })}
        </p>
      )}
      <div
        ref={box}
        role="log"
        aria-label={t("runs.log.label")}
        aria-live="off"
        aria-busy={isLive}
        tabIndex={0}
        dir="ltr"
        onScroll={scrolled}
        className="max-h-[min(64vh,44rem)] min-h-40 overflow-auto overscroll-contain bg-terminal font-mono text-xs outline-offset-[-2px]"
        style={{ lineHeight: `${lineHeight}px` }}
      >
        {lineCount === 0 ? (
          <p className="px-3 py-2.5 text-muted">{placeholder}</p>
        ) : (
          <div
            className="relative w-max min-w-full"
            style={{ height: lineCount * lineHeight + 2 * padding, paddingTop: padding + first * lineHeight }}
          >
            {indexes.map((index) => {
              const line = log.line(index);
              if (line === undefined) return null;
              return (
                <LogRow
                  key={log.droppedLines + index}
                  number={isPartial ? null : log.droppedLines + index + 1}
                  digits={digits}
                  text={line.text}
                  style={line.style}
                  isNote={line.isNote}
                />
              );
            })}
          </div>
        )}
      </div>
      {!isFollowing && isLive && (
        <Button className="absolute end-4 bottom-4 shadow-raised" onClick={() => setIsFollowing(true)}>
          <ArrowDownToLine aria-hidden />
          {t("runs.log.follow")}
        </Button>
      )}
    </div>
  );
}

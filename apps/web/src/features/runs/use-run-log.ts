import { secondMs } from "@quarterdeck/core/units";
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import type { TaskDetail } from "../../api/views.ts";
import { viewerConnection } from "../../live/viewer-connections.ts";
import { useTail } from "../content/use-opened.ts";
import { RunLog } from "./run-log.ts";

/** How long the live output may take to end after its run did, before the platform's copy of the end is shown. */
const patienceMs = 4 * secondMs;

/** How long to wait before the output of a run that the server does not know yet is asked for again. */
function askAgainMs(attempt: number): number {
  return Math.min(5 * secondMs, 200 * 2 ** Math.min(attempt, 10));
}

/** Where the shown output comes from: the server while it runs, the platform's last 64 KiB, or all of it from the server. */
export type LogSource = "live" | "tail" | "whole";

export interface ShownLog {
  readonly log: RunLog;
  readonly revision: number;
  readonly source: LogSource;
  /** Whether bytes of the kept output are not shown. */
  readonly isPartial: boolean;
  readonly loadWhole: () => void;
}

function keptBytes(task: TaskDetail): number {
  return (task.outputBytes ?? 0) - (task.outputCutBytes ?? 0);
}

/** Where text begins in bytes that may have been cut within a character. */
function textStart(bytes: Uint8Array): number {
  let start = 0;
  while (start < Math.min(4, bytes.length) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return start;
}

export function useRunLog(task: TaskDetail): ShownLog {
  const { t } = useTranslation();
  const { runId, serverId, state } = task;
  const [source, setSource] = useState<LogSource>(state === "ended" ? "tail" : "live");
  const isStreamed = source !== "tail";
  const opened = useTail(task);
  const tailBytes = opened?.ok === true ? opened.value : null;
  const tailProblem = opened?.ok === false ? opened.error.message : null;
  const isTailPartial = keptBytes(task) > (tailBytes?.length ?? 0);

  const tailForLog = isStreamed ? null : tailBytes;
  const tailStart = tailForLog !== null && isTailPartial ? textStart(tailForLog) : 0;
  const problemNote = isStreamed || tailProblem === null ? null : t("runs.log.unreadable", { reason: tailProblem });
  // One log for one source of one run. An effect below fills it where it is streamed.
  const log = useMemo(() => {
    const next = new RunLog();
    if (tailForLog !== null) {
      next.write(tailForLog.subarray(tailStart));
      next.end();
    } else if (problemNote !== null) {
      next.gap(problemNote);
      next.end();
    }
    return next;
    // Another run or source is another log
  }, [runId, source, tailForLog, tailStart, problemNote]);

  const gapNote = t("runs.log.gap");
  const goneNote = t("runs.log.gone");
  const [attempt, setAttempt] = useState(0);
  const isEnded = state === "ended";
  // A run that had not started has no output yet, and the server says so: ask again when it has.
  const hasStarted = state === "running" || isEnded;
  useEffect(() => {
    if (!isStreamed || log.state === "ended") return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unwatch = viewerConnection(serverId).watchOutput(runId, log.bytes, {
      write: (bytes) => log.write(bytes),
      end: () => log.end(),
      unreadable(reason) {
        log.gap(t("runs.log.unreadable", { reason }));
        log.end();
      },
      gap(_from, toOffset) {
        if (toOffset !== null) log.gap(gapNote);
        else if (!isEnded) timer = setTimeout(() => setAttempt(attempt + 1), askAgainMs(attempt));
        else {
          log.gap(goneNote);
          log.end();
        }
      },
    });
    return () => {
      clearTimeout(timer);
      unwatch();
    };
  }, [attempt, gapNote, goneNote, hasStarted, isEnded, isStreamed, log, runId, serverId, t]);

  const revision = useSyncExternalStore(log.subscribe, log.revision);
  const isLate = source === "live" && state === "ended" && log.state !== "ended";
  useEffect(() => {
    if (!isLate || tailBytes === null) return undefined;
    const timer = setTimeout(() => setSource("tail"), patienceMs);
    return () => clearTimeout(timer);
  }, [isLate, tailBytes]);

  const loadWhole = useCallback(() => setSource("whole"), []);
  return { log, revision, source, isPartial: source === "tail" && opened !== undefined && isTailPartial, loadWhole };
}

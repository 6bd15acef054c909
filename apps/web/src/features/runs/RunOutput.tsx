import { Download, FileDown } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TaskDetail } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";
import { LogView } from "../log/LogView.tsx";
import { downloadBlob } from "./download-blob.ts";
import { useRunLog } from "./use-run-log.ts";

/** A run's output: live, or the end of it that the platform keeps, or all of it from the server. */
export function RunOutput({ task, isServerOnline }: { task: TaskDetail; isServerOnline: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { log, revision, source, isPartial, loadWhole } = useRunLog(task);
  const [isDownloadWanted, setIsDownloadWanted] = useState(false);
  const hasEnded = log.state === "ended";
  const isLoadingWhole = source === "whole" && !hasEnded;

  useEffect(() => {
    if (!isDownloadWanted || source !== "whole" || !hasEnded) return;
    setIsDownloadWanted(false);
    downloadBlob(log.toBlob(), `${task.runId}.log`);
  }, [hasEnded, isDownloadWanted, log, source, task.runId]);

  const download = () => {
    if (isPartial) {
      setIsDownloadWanted(true);
      loadWhole();
    } else downloadBlob(log.toBlob(), `${task.runId}.log`);
  };
  const placeholder =
    task.state === "ended"
      ? !hasEnded
        ? t("runs.log.loading")
        : t("runs.log.none")
      : task.startedAtMs === null
        ? t("runs.log.notStarted")
        : t("runs.log.nothingYet");
  return (
    <Card className="overflow-hidden">
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-x-4 gap-y-2 border-b border-line px-3 py-1.5">
        <h2 className="text-sm font-semibold">{t("runs.log.label")}</h2>
        <div className="flex flex-wrap items-center gap-2">
          <OutputSize task={task} received={log.bytes} />
          <Button variant="ghost" isBusy={isDownloadWanted} disabled={log.bytes === 0} onClick={download}>
            {!isDownloadWanted && <Download aria-hidden />}
            {t("runs.log.download")}
          </Button>
        </div>
      </div>
      {(isPartial || isLoadingWhole) && (
        <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line bg-sunken px-3 py-2 text-sm">
          <p>
            {isLoadingWhole
              ? isServerOnline
                ? t("runs.log.loadingWhole", {
                    received: format.bytes(log.bytes),
                    total: format.bytes(task.outputBytes ?? 0),
                  })
                : t("runs.log.serverOffline")
              : t("runs.log.tailOnly", { shown: format.bytes(log.bytes), total: format.bytes(task.outputBytes ?? 0) })}
          </p>
          <Button isBusy={isLoadingWhole} onClick={loadWhole}>
            {!isLoadingWhole && <FileDown aria-hidden />}
            {t("runs.log.loadWhole")}
          </Button>
        </div>
      )}
      <LogView
        key={source}
        log={log.document}
        revision={revision}
        placeholder={placeholder}
        isPartial={isPartial}
        isLive={!hasEnded && (task.state !== "ended" || source !== "tail")}
      />
    </Card>
  );
}

function OutputSize({ task, received }: { task: TaskDetail; received: number }) {
  const { t } = useTranslation();
  const format = useFormat();
  const cut = task.outputCutBytes ?? 0;
  return (
    <p className="text-xs text-muted tabular-nums">
      {format.bytes(task.outputBytes ?? received)}
      {cut > 0 && ` · ${t("runs.log.cut", { size: format.bytes(cut) })}`}
    </p>
  );
}

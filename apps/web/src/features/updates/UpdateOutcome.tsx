import { CircleCheck, LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { UpdateView } from "../../api/views.ts";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Alert } from "../../ui/Alert.tsx";

/** Where the newest update of a server stands, or how it ended. */
export function UpdateOutcome({ update }: { update: UpdateView }) {
  const { t } = useTranslation();
  const { state, version, fromVersion: from, message } = update;
  switch (state) {
    case "waiting":
    case "sent":
    case "settling":
      return (
        <p role="status" data-update={state} className="flex items-start gap-2 text-muted">
          <LoaderCircle className="mt-0.5 size-4 shrink-0 animate-spin" aria-hidden />
          {t(`updates.progress.${state}`, { version })}
        </p>
      );
    case "updated":
      return (
        <p role="status" data-update={state} className="flex flex-wrap items-center gap-x-2 text-muted">
          <CircleCheck className="size-4 shrink-0 text-good" aria-hidden />
          {t("updates.updatedTitle", { from, version })}
          <TimeAgo atMs={update.changedAtMs} />
        </p>
      );
    case "failed":
      return (
        <Alert tone="bad" title={t("updates.failedTitle", { version })}>
          <p>{t("updates.failedText", { from })}</p>
          <p className="mt-1" data-update={state}>
            <bdi>{message}</bdi>
          </p>
        </Alert>
      );
    case "skipped":
      return (
        <Alert tone="info" title={t("updates.skippedTitle", { version })}>
          <p data-update={state}>
            <bdi>{message}</bdi>
          </p>
        </Alert>
      );
  }
}

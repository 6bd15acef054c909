import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { RolloutView, UpdateView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { StatusDot } from "../../ui/StatusDot.tsx";
import { useStopRollout, useUpdates } from "./use-updates.ts";

const tones = {
  waiting: "neutral",
  sent: "accent",
  settling: "accent",
  updated: "good",
  failed: "bad",
  skipped: "warn",
} as const;

/** How the newest update of several servers goes, or how it ended, until somebody has seen that. */
export function RolloutProgress() {
  const { data } = useUpdates();
  const [seen, setSeen] = useState<string>();
  const rollout = data?.rollout ?? null;
  if (rollout === null || rollout.rolloutId === seen) return null;
  // One that went well long ago is no news.
  const isOldNews = rollout.state === "completed" && data?.servers.every(({ isOutdated }) => !isOutdated) === true;
  if (isOldNews && rollout.updates.every(({ state }) => state === "updated")) return null;
  return <Progress rollout={rollout} onSeen={() => setSeen(rollout.rolloutId)} />;
}

function Progress({ rollout, onSeen }: { rollout: RolloutView; onSeen: () => void }) {
  const { t } = useTranslation();
  const stop = useStopRollout();
  const { state, version, updates, reason, rolloutId } = rollout;
  const titles = {
    running: () => t("updates.all.title", { count: updates.length, version }),
    completed: () =>
      t("updates.all.done", { count: updates.filter((update) => update.state === "updated").length, version }),
    stopped: () => t("updates.all.stopped", { version }),
  };
  const isWaiting = updates.some((update) => update.state === "waiting");
  return (
    <Alert
      tone={state === "stopped" ? "bad" : "info"}
      title={titles[state]()}
      className="mb-4"
      action={
        state !== "running" ? (
          <Button onClick={onSeen}>{t("common.dismiss")}</Button>
        ) : (
          isWaiting && (
            <Button variant="danger" isBusy={stop.isPending} onClick={() => stop.mutate({ rolloutId })}>
              {t("updates.all.stop")}
            </Button>
          )
        )
      }
    >
      {reason !== null && updates.every((update) => update.state !== "failed") && (
        <p>
          <bdi>{reason}</bdi>
        </p>
      )}
      {stop.error !== null && <p role="alert">{errorText(t, stop.error)}</p>}
      <ul className="mt-2 flex flex-col gap-1" aria-label={t("updates.all.servers")}>
        {updates.map((update) => (
          <Member key={update.serverId} update={update} />
        ))}
      </ul>
    </Alert>
  );
}

function Member({ update: { serverId, state, message } }: { update: UpdateView }) {
  const { t } = useTranslation();
  const { data: servers } = useQuery(trpc.servers.list.queryOptions());
  const name = servers?.find((server) => server.serverId === serverId)?.name ?? "";
  return (
    <li className="flex flex-wrap items-baseline gap-x-2" data-update={state}>
      <StatusDot tone={tones[state]} isPulsing={state === "sent" || state === "settling"} />
      <TextLink to="/servers/$serverId" params={{ serverId }}>
        <Name>{name}</Name>
      </TextLink>
      <span className="text-muted">{t(`updates.state.${state}`)}</span>
      {message !== null && (
        <span className="min-w-0 text-xs break-words text-muted">
          <bdi>{message}</bdi>
        </span>
      )}
    </li>
  );
}

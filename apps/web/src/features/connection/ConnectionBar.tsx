import { useQuery } from "@tanstack/react-query";
import { CloudOff, PlugZap, X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { serverNowMs } from "../../api/server-time.ts";
import { trpc, trpcClient } from "../../api/trpc.ts";
import { useNow } from "../../app/use-now.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { connectionHealth, type Health } from "../../live/connection-health.ts";
import { IconButton } from "../../ui/IconButton.tsx";
import { meanwhile } from "./meanwhile.ts";
import { useMeanwhileText } from "./use-meanwhile-text.ts";

/** A loss is shown after this long: most are over before. */
const showLossAfterMs = 1000;
/** What happened meanwhile is old news after this long. */
const oldNewsMs = 120_000;

/** Says when a connection is lost, and afterwards what happened meanwhile. Silent while all is well. */
export function ConnectionBar() {
  const health = useSyncExternalStore(connectionHealth.subscribe, connectionHealth.current);
  return (
    <div role="status">
      {health.state === "lost" && <Lost health={health} />}
      {health.state === "back" && <Back health={health} />}
    </div>
  );
}

function Lost({ health }: { health: Extract<Health, { state: "lost" }> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const servers = useQuery({ ...trpc.servers.list.queryOptions(), enabled: false });
  const lostForMs = useNow() - serverNowMs(health.sinceMs);
  if (lostForMs < showLossAfterMs) return null;
  const isPlatform = health.peers.includes("platform");
  const names = health.peers
    .map((peer) => servers.data?.find((server) => server.serverId === peer)?.name)
    .filter((name) => name !== undefined);
  return (
    <div className="flex items-center gap-2 border-b border-warn/30 bg-warn-soft px-4 py-2 text-sm">
      <CloudOff className="size-4 shrink-0 text-warn" aria-hidden />
      <p className="min-w-0 flex-1">
        {isPlatform
          ? t("connection.platformLost")
          : t("connection.relayLost", { count: names.length, names: names.join(", ") })}{" "}
        <span className="text-muted tabular-nums" aria-hidden>
          {format.elapsed(lostForMs)}
        </span>
      </p>
    </div>
  );
}

function Back({ health }: { health: Extract<Health, { state: "back" }> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const text = useMeanwhileText();
  const { lostAtMs, backAtMs } = health;
  const query = useQuery({
    queryKey: ["meanwhile", lostAtMs, backAtMs],
    queryFn: async () => {
      const [servers, { tasks }] = await Promise.all([
        trpcClient.servers.list.query(),
        trpcClient.tasks.list.query({ limit: 100 }),
      ]);
      // A server that was cut off by the same loss comes back a moment after this console.
      return meanwhile({ servers, tasks }, { lostAtMs: serverNowMs(lostAtMs), backAtMs: serverNowMs(Date.now()) });
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => {
    const timer = setTimeout(() => connectionHealth.dismiss(), oldNewsMs);
    return () => clearTimeout(timer);
  }, [backAtMs]);
  if (query.data === undefined && query.error === null) return null;
  return (
    <div className="flex items-center gap-2 border-b border-line bg-accent-soft px-4 py-2 text-sm">
      <PlugZap className="size-4 shrink-0 text-accent" aria-hidden />
      <p className="min-w-0 flex-1">
        {t("connection.wasLost", { duration: format.duration(backAtMs - lostAtMs) })}{" "}
        {query.data === undefined ? "" : text(query.data)} {t("connection.nothingLost")}
      </p>
      <IconButton label={t("common.dismiss")} onClick={() => connectionHealth.dismiss()} className="size-7">
        <X aria-hidden />
      </IconButton>
    </div>
  );
}

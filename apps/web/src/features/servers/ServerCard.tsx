import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Card } from "../../ui/Card.tsx";
import { ServerMeters } from "../telemetry/ServerMeters.tsx";
import { useTelemetry } from "../telemetry/use-telemetry.ts";
import { VersionBadge } from "../updates/VersionBadge.tsx";
import { AdmissionBadge } from "./AdmissionBadge.tsx";
import { LabelList } from "./LabelList.tsx";
import { ServerStatus } from "./ServerStatus.tsx";

export function ServerCard({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const isOnline = server.status === "online" && !server.isRevoked;
  const { samples } = useTelemetry(server.serverId, { isWatched: isOnline, historyMs: 0 });
  const host = server.capabilities?.host;
  return (
    <li className="min-w-0">
      <Card className="relative flex h-full flex-col gap-4 p-4 transition-colors hover:border-line-strong/60">
        <div className="flex items-start justify-between gap-3">
          <div className="min-w-0">
            <h2 className="truncate text-[0.9375rem] font-semibold">
              <TextLink
                to="/servers/$serverId"
                params={{ serverId: server.serverId }}
                className="after:absolute after:inset-0 after:rounded-lg"
              >
                <Name>{server.name}</Name>
              </TextLink>
            </h2>
            <p className="truncate text-xs text-muted">
              {host === undefined ? t("servers.neverConnected") : `${host.os} · ${host.arch}`}
            </p>
          </div>
          <ServerStatus server={server} />
        </div>
        <div aria-busy={isOnline && server.isRelayReachable && samples.length === 0}>
          <ServerMeters sample={isOnline ? samples.at(-1) : undefined} />
        </div>
        <div className="mt-auto flex flex-wrap items-center gap-2 text-xs text-muted">
          <AdmissionBadge server={server} />
          <LabelList labels={server.labels} />
          {server.isThisMachine && <Badge>{t("servers.thisMachine")}</Badge>}
          {!server.isRevoked && <VersionBadge serverId={server.serverId} />}
          {server.waitingRuns > 0 && (
            <Badge tone="accent">{t("servers.waitingRuns", { count: server.waitingRuns })}</Badge>
          )}
          {(server.status === "offline" || server.isRevoked) && (
            <span>
              {t("servers.lastSeen")} <TimeAgo atMs={server.statusSinceMs} />
            </span>
          )}
        </div>
      </Card>
    </li>
  );
}

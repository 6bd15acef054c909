import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { StatusDot } from "../../ui/StatusDot.tsx";

const tones = { online: "good", offline: "bad", new: "neutral" } as const;

export function ServerStatus({ server }: { server: Pick<ServerView, "status" | "isRelayReachable"> }) {
  const { t } = useTranslation();
  return (
    <span className="inline-flex items-center gap-1.5 text-xs whitespace-nowrap">
      <StatusDot tone={server.isRelayReachable ? tones[server.status] : "warn"} />
      {server.isRelayReachable ? t(`servers.status.${server.status}`) : t("servers.status.unknown")}
    </span>
  );
}

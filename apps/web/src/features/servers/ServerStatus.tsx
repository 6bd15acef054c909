import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { StatusDot } from "../../ui/StatusDot.tsx";

const tones = { online: "good", offline: "bad", new: "neutral", removed: "neutral", unknown: "warn" } as const;

type ShownServer = Pick<ServerView, "status" | "isRevoked" | "isRelayReachable">;

function shownStatus({ status, isRevoked, isRelayReachable }: ShownServer): keyof typeof tones {
  if (isRevoked) return "removed";
  return isRelayReachable ? status : "unknown";
}

export function ServerStatus({ server }: { server: ShownServer }) {
  const { t } = useTranslation();
  const status = shownStatus(server);
  return (
    <span className="inline-flex items-center gap-1.5 text-xs whitespace-nowrap">
      <StatusDot tone={tones[status]} />
      {t(`servers.status.${status}`)}
    </span>
  );
}

import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";

/** Why nothing runs on a server at the moment, where that is so. */
export function ServerNotice({ server }: { server: Pick<ServerView, "status" | "isRelayReachable"> | undefined }) {
  const { t } = useTranslation();
  if (server === undefined) return null;
  if (!server.isRelayReachable) {
    return (
      <Alert tone="warn" title={t("servers.relayDown")}>
        {t("servers.relayDownText")}
      </Alert>
    );
  }
  if (server.status !== "offline") return null;
  return (
    <Alert tone="warn" title={t("servers.offlineTitle")}>
      {t("servers.offlineText")}
    </Alert>
  );
}

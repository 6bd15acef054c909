import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";

type NoticedServer = Pick<
  ServerView,
  "status" | "isRevoked" | "hasLostKeys" | "isRelayReachable" | "quarantinedUntilMs" | "capabilities"
>;

/** Why nothing runs on a server at the moment, where that is so. */
export function ServerNotice({ server }: { server: NoticedServer | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (server === undefined) return null;
  if (server.isRevoked) {
    return (
      <Alert tone="bad" title={t("servers.revoke.doneTitle")}>
        {t("servers.revoke.doneText")}
      </Alert>
    );
  }
  if (server.hasLostKeys) {
    return (
      <Alert tone="bad" title={t("servers.lostKeysTitle")}>
        {t("servers.lostKeysText")}
      </Alert>
    );
  }
  if (!server.isRelayReachable) {
    return (
      <Alert tone="warn" title={t("servers.relayDown")}>
        {t("servers.relayDownText")}
      </Alert>
    );
  }
  if (server.quarantinedUntilMs !== null) {
    return (
      <Alert tone="warn" title={t("servers.quarantinedTitle")}>
        {t("servers.quarantinedText", { time: format.dateTime(server.quarantinedUntilMs) })}
      </Alert>
    );
  }
  if (server.status === "online" && server.capabilities?.blocked === "DISK_FULL") {
    return (
      <Alert tone="bad" title={t("servers.diskFullTitle")}>
        {t("servers.diskFullText")}
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

import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";

type NoticedServer = Pick<ServerView, "connectionAlert" | "isRevoked" | "hasLostKeys">;

/** Why a server's bridge is not let in, and what to do about it. */
export function ConnectionNotice({ server }: { server: NoticedServer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { connectionAlert, isRevoked, hasLostKeys } = server;
  if (isRevoked) {
    return (
      <Alert tone="bad" title={t("servers.revoke.doneTitle")}>
        {t("servers.revoke.doneText")}
      </Alert>
    );
  }
  return (
    <>
      {hasLostKeys && (
        <Alert tone="bad" title={t("servers.lostKeysTitle")}>
          {t("servers.lostKeysText")}
        </Alert>
      )}
      {connectionAlert !== null && (
        <Alert tone="bad" title={t(`servers.alert.${connectionAlert.code}.title`)}>
          {t(`servers.alert.${connectionAlert.code}.text`, { time: format.dateTime(connectionAlert.atMs) })}
        </Alert>
      )}
    </>
  );
}

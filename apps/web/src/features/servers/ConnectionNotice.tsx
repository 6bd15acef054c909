import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";

type NoticedServer = Pick<ServerView, "connectionAlert" | "isRevoked">;

/** Why a server's bridge was not let in the last time, and what to do about it. */
export function ConnectionNotice({ server: { connectionAlert, isRevoked } }: { server: NoticedServer }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (isRevoked || connectionAlert === null) return null;
  return (
    <Alert tone="bad" title={t(`servers.alert.${connectionAlert.code}.title`)}>
      {t(`servers.alert.${connectionAlert.code}.text`, { time: format.dateTime(connectionAlert.atMs) })}
    </Alert>
  );
}

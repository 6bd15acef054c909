import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";
import { AcknowledgeFinding } from "./AcknowledgeFinding.tsx";
import { May } from "../access/May.tsx";

/** That the server remembers the org's audit otherwise than it is now. */
export function AuditNotice({ server }: { server: Pick<ServerView, "serverId" | "auditAlert"> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { serverId, auditAlert } = server;
  if (auditAlert === null) return null;
  return (
    <Alert
      tone="bad"
      title={t("servers.auditTitle")}
      action={
        <May permission="servers.manage">
          <AcknowledgeFinding serverId={serverId} finding={auditAlert} />
        </May>
      }
    >
      {t("servers.auditText", { entry: format.number(auditAlert.seq), time: format.dateTime(auditAlert.atMs) })}
    </Alert>
  );
}

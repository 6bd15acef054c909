import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";

/** That the server remembers the org's audit otherwise than it is now. */
export function AuditNotice({ server: { auditAlert } }: { server: Pick<ServerView, "auditAlert"> }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (auditAlert === null) return null;
  return (
    <Alert tone="bad" title={t("servers.auditTitle")}>
      {t("servers.auditText", { entry: format.number(auditAlert.seq), time: format.dateTime(auditAlert.atMs) })}
    </Alert>
  );
}

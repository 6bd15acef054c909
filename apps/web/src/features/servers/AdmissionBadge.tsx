import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { Badge } from "../../ui/Badge.tsx";

/** That a server takes no new runs, where that is so. */
export function AdmissionBadge({ server }: { server: Pick<ServerView, "admission" | "isRevoked"> }) {
  const { t } = useTranslation();
  if (server.admission === "open" || server.isRevoked) return null;
  return <Badge tone="warn">{t(`serverCare.admission.${server.admission}`)}</Badge>;
}

import type { ServerId } from "@quarterdeck/core/ids";
import { ArrowUpCircle, LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Badge } from "../../ui/Badge.tsx";
import { isUnderWay, useBridgeVersion } from "./use-updates.ts";

/** Says of a server that its bridge is updated, or could be. */
export function VersionBadge({ serverId }: { serverId: ServerId }) {
  const { t } = useTranslation();
  const bridge = useBridgeVersion(serverId);
  if (bridge === undefined) return null;
  if (bridge.update !== null && isUnderWay(bridge)) {
    return (
      <Badge tone="accent">
        <LoaderCircle className="animate-spin" aria-hidden />
        {t(`updates.state.${bridge.update.state}`)}
      </Badge>
    );
  }
  if (!bridge.isOutdated) return null;
  return (
    <Badge tone="warn">
      <ArrowUpCircle aria-hidden />
      {t("updates.outdated")}
    </Badge>
  );
}

import { limitedResources } from "@quarterdeck/core/quota/kernel-limits";
import { Check, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Card } from "../../ui/Card.tsx";

/** Which driver gives runs their place on a server, and what it limits there: by what its bridge signed. */
export function ServerLimits({ server }: { server: Pick<ServerView, "limits" | "capabilities"> }) {
  const { t } = useTranslation();
  const { limits, capabilities } = server;
  const driver = limits?.driver ?? capabilities?.driver;
  if (driver === undefined) return null;
  return (
    <Card className="flex flex-col gap-2 p-4 text-sm">
      <p>
        <span className="font-medium">{t(`servers.limits.driver.${driver}`)}</span>{" "}
        <span className="text-muted">{t(`servers.limits.driverText.${driver}`)}</span>
      </p>
      {driver === "process" && capabilities?.driverReason !== undefined && (
        <p className="break-words">
          <bdi>{capabilities.driverReason}</bdi>
        </p>
      )}
      {limits === null ? (
        <p className="text-muted">{t("servers.limits.nothingSaid")}</p>
      ) : (
        <>
          <ul className="flex flex-wrap gap-1.5">
            {limitedResources.map((resource) => {
              const isLimited = limits.limited.includes(resource);
              const name = t(`quotas.resource.${resource}`);
              return (
                <li key={resource}>
                  <Badge tone={isLimited ? "good" : "neutral"}>
                    {isLimited ? <Check aria-hidden /> : <X aria-hidden />}
                    {isLimited ? name : t("servers.limits.notLimited", { resource: name })}
                  </Badge>
                </li>
              );
            })}
          </ul>
          <p className="text-xs text-muted">
            {t("servers.limits.said")} <TimeAgo atMs={limits.atMs} />
          </p>
        </>
      )}
    </Card>
  );
}

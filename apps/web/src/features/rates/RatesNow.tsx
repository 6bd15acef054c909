import { useTranslation } from "react-i18next";
import type { RatesView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Card } from "../../ui/Card.tsx";
import { Meter } from "../../ui/Meter.tsx";

/** How much of what the org may do is used now. */
export function RatesNow({ rates: { perMinute, user, org, connections, refusedInLastHour } }: { rates: RatesView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const requests = (used: number) =>
    t("rates.requestsUsed", { used: format.number(used), most: format.number(perMinute) });
  const { open, most } = connections;
  return (
    <Card className="flex flex-col gap-4 p-4">
      <p className="max-w-prose text-sm text-muted">{t("rates.intro")}</p>
      <div className="flex max-w-prose flex-col gap-4">
        <Meter label={t("rates.mine")} share={user.used / perMinute} text={requests(user.used)} />
        <Meter label={t("rates.org")} share={org.used / perMinute} text={requests(org.used)} />
        <Meter
          label={t("rates.connections")}
          share={open / most}
          text={t("rates.connectionsUsed", { used: format.number(open), most: format.number(most) })}
        />
      </div>
      <p role="status" className="text-sm">
        {refusedInLastHour === 0
          ? t("rates.noneRefused")
          : t("rates.refused", { count: refusedInLastHour, number: format.number(refusedInLastHour) })}
      </p>
      <p className="max-w-prose text-xs text-muted">{t("rates.countedHere")}</p>
    </Card>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Name } from "../../app/Name.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { StatusDot } from "../../ui/StatusDot.tsx";
import { SliceSize } from "./SliceSize.tsx";

const tones = { online: "good", offline: "bad", new: "neutral" } as const;

/** The slices that the org has of others' servers; nothing where it has none. */
export function ReceivedShares() {
  const { t } = useTranslation();
  const { data } = useQuery(trpc.sharing.received.queryOptions());
  if (data === undefined || data.length === 0) return null;
  return (
    <Section title={t("sharing.received.title")} className="mt-8">
      <ul className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3" aria-label={t("sharing.received.title")}>
        {data.map(({ shareId, name, hostOrgName, status, isUsable, limits, weight }) => (
          <li key={shareId} className="min-w-0">
            <Card className="flex h-full flex-col gap-2 p-4 text-sm">
              <div className="flex items-start justify-between gap-3">
                <h3 className="truncate font-semibold">
                  <Name>{name}</Name>
                </h3>
                {isUsable && (
                  <span className="inline-flex items-center gap-1.5 text-xs whitespace-nowrap">
                    <StatusDot tone={tones[status]} />
                    {t(`servers.status.${status}`)}
                  </span>
                )}
              </div>
              <p className="text-xs text-muted">{t("sharing.received.from", { org: hostOrgName })}</p>
              <p className="text-xs text-muted">
                {isUsable ? <SliceSize limits={limits} weight={weight} /> : t("sharing.received.withdrawn")}
              </p>
            </Card>
          </li>
        ))}
      </ul>
    </Section>
  );
}

import { secondMs } from "@quarterdeck/core/units";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { PlanTable } from "../features/rates/PlanTable.tsx";
import { RatesNow } from "../features/rates/RatesNow.tsx";
import { Section } from "../ui/Card.tsx";

/** Each look is a request, too. */
const renewMs = 5 * secondMs;

export function RateLimitsPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.rates.current.queryOptions(undefined, { refetchInterval: renewMs }));
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {(rates) => (
        <>
          <PageHeader
            documentTitle={t("rates.title")}
            title={t("rates.title")}
            meta={t("rates.plan", { plan: t(`rates.name.${rates.plan}`) })}
          />
          <div className="flex flex-col gap-8">
            <Section title={t("rates.now")}>
              <RatesNow rates={rates} />
            </Section>
            <Section title={t("rates.plans")}>
              <PlanTable rates={rates} />
            </Section>
          </div>
        </>
      )}
    </Loaded>
  );
}

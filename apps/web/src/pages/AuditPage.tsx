import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { AuditEntries } from "../features/audit/AuditEntries.tsx";
import { AuditFilter } from "../features/audit/AuditFilter.tsx";
import { AuditRetention } from "../features/audit/AuditRetention.tsx";
import { AuditStanding } from "../features/audit/AuditStanding.tsx";
import { AuditWitnesses } from "../features/audit/AuditWitnesses.tsx";
import { exportUrl, toFilterInput, type AuditFilterInput } from "../features/audit/filter-texts.ts";
import { buttonClasses } from "../ui/Button.tsx";
import { Section } from "../ui/Card.tsx";

export function AuditPage() {
  const { t } = useTranslation();
  const [filter, setFilter] = useState<AuditFilterInput>({});
  const query = useQuery(trpc.audit.standing.queryOptions());
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {(standing) => (
        <>
          <PageHeader
            documentTitle={t("audit.title")}
            title={t("audit.title")}
            meta={t("audit.intro")}
            actions={
              <>
                <a href={exportUrl("ndjson", {})} download className={buttonClasses()}>
                  <Download aria-hidden />
                  {t("audit.exportNdjson")}
                </a>
                <a href={exportUrl("csv", filter)} download className={buttonClasses()}>
                  <Download aria-hidden />
                  {t("audit.exportCsv")}
                </a>
              </>
            }
          />
          <div className="flex flex-col gap-8">
            <div className="flex flex-col gap-4">
              <AuditFilter onChange={(texts) => setFilter(toFilterInput(texts))} />
              <AuditEntries filter={filter} />
            </div>
            <Section title={t("audit.standing.title")}>
              <AuditStanding standing={standing} />
            </Section>
            <Section title={t("audit.witness.title")}>
              <AuditWitnesses witnesses={standing.witnesses} />
            </Section>
            <Section title={t("audit.retention.title")}>
              <AuditRetention key={standing.keptDays} standing={standing} />
            </Section>
          </div>
        </>
      )}
    </Loaded>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { QuotaView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { StandingBadge } from "./StandingBadge.tsx";
import { useAmountText } from "./use-amount-text.ts";

/** What the server's kernel was read to hold over time: each change, the newest first. */
export function EvidenceHistory({ quota }: { quota: QuotaView }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  const query = useQuery(trpc.quotas.evidenceHistory.queryOptions({ nodeId: quota.nodeId, limit: 20 }));
  const columns = [
    { title: t("quotas.column.resource") },
    { title: t("quotas.evidence.wanted") },
    { title: t("quotas.evidence.says"), isWideOnly: true },
    { title: t("quotas.evidence.state") },
    { title: t("quotas.history.when"), isWideOnly: true },
  ];
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-24" />}>
      {(entries) =>
        entries.length === 0 ? (
          <p className="text-sm text-muted">{t("quotas.evidence.empty")}</p>
        ) : (
          <Table isText label={t("quotas.evidence.history")} columns={columns}>
            {entries.map((entry) => (
              <tr key={entry.historyId}>
                <Cell>{t(`quotas.resource.${entry.resource}`)}</Cell>
                <Cell className="tabular-nums">{amountText(entry.resource, entry.wanted)}</Cell>
                <Cell isWideOnly className="text-muted tabular-nums">
                  {entry.actual === null ? "–" : amountText(entry.resource, entry.actual)}
                </Cell>
                <Cell>
                  <StandingBadge
                    standing={entry.wanted === null && entry.state !== "mismatch" ? "none" : entry.state}
                  />
                </Cell>
                <Cell isWideOnly className="text-muted">
                  <TimeAgo atMs={entry.atMs} />
                </Cell>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  );
}

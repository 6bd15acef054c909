import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Undo2 } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { QuotaHistoryEntry, QuotaView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { quotaSteps, type QuotaStep } from "./quota-change-words.ts";
import { useAmountText } from "./use-amount-text.ts";

/** Who changed what of a quota, the newest first; that one can be taken back. */
export function QuotaHistory({ quota }: { quota: QuotaView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { nodeId, mayChange } = quota;
  const query = useQuery(trpc.quotas.history.queryOptions({ nodeId }));
  const undo = useMutation(
    trpc.quotas.undo.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.quotas.pathFilter()),
    }),
  );
  const columns = [
    { title: t("quotas.history.what") },
    { title: t("quotas.history.who"), isWideOnly: true },
    { title: t("quotas.history.when") },
    ...(mayChange ? [{ title: t("quotas.history.action") }] : []),
  ];
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-24" />}>
      {(entries) =>
        entries.length === 0 ? (
          <p className="text-sm text-muted">{t("quotas.history.empty")}</p>
        ) : (
          <div className="flex flex-col gap-3">
            {undo.error !== null && <Alert tone="bad">{errorText(t, undo.error)}</Alert>}
            <Table isText={!mayChange} label={t("quotas.history.title")} columns={columns}>
              {entries.map((entry, index) => (
                <tr key={entry.historyId}>
                  <Cell>
                    <Steps entry={entry} />
                  </Cell>
                  <Cell isWideOnly className="max-w-56 truncate text-muted">
                    <bdi>{entry.actorEmail}</bdi>
                  </Cell>
                  <Cell className="text-muted">
                    <TimeAgo atMs={entry.atMs} />
                  </Cell>
                  {mayChange && (
                    <Cell className="w-px">
                      {index === 0 && (
                        <Button
                          isBusy={undo.isPending}
                          onClick={() => undo.mutate({ nodeId, historyId: entry.historyId })}
                        >
                          {!undo.isPending && <Undo2 aria-hidden />}
                          {t("quotas.history.undo")}
                        </Button>
                      )}
                    </Cell>
                  )}
                </tr>
              ))}
            </Table>
          </div>
        )
      }
    </Loaded>
  );
}

function Steps({ entry }: { entry: QuotaHistoryEntry }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  const words = (step: QuotaStep): string => {
    if (step.kind === "overcommit")
      return step.isOn ? t("quotas.history.overcommitOn") : t("quotas.history.overcommitOff");
    if (step.kind === "lifecycle") return t("quotas.history.lifecycle", { state: t(`quotas.lifecycle.${step.to}`) });
    if (step.kind === "weight") return t("quotas.history.weight", { from: step.from, to: step.to });
    return t("quotas.history.limit", {
      resource: t(`quotas.resource.${step.resource}`),
      from: amountText(step.resource, step.from),
      to: amountText(step.resource, step.to),
    });
  };
  return (
    <ul className="flex flex-col gap-0.5">
      {quotaSteps(entry.before, entry.after).map((step) => (
        <li key={step.kind === "limit" ? step.resource : step.kind}>{words(step)}</li>
      ))}
    </ul>
  );
}

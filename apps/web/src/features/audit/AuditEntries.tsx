import { useInfiniteQuery } from "@tanstack/react-query";
import { visibleText } from "@quarterdeck/core/audit/visible-text";
import { ScrollText } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { trpc, trpcClient } from "../../api/trpc.ts";
import type { AuditEntryView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { actionWords } from "./action-words.ts";
import type { AuditFilterInput } from "./filter-texts.ts";

/** Entries that match, the newest first, a page at a time. */
export function AuditEntries({ filter }: { filter: AuditFilterInput }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: trpc.audit.list.infiniteQueryKey(filter),
    queryFn: ({ pageParam, signal }) => trpcClient.audit.list.query({ ...filter, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
  });
  const columns = (["when", "who", "what", "subject", "outcome", "detail"] as const).map((name) => ({
    title: t(`audit.column.${name}`),
    isWideOnly: name === "subject" || name === "detail",
  }));
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-96" />}>
      {({ pages }) => {
        const entries = pages.flatMap((page) => page.entries);
        const more = query.hasNextPage && (
          <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {entries.length === 0 ? t("audit.lookFurther") : t("common.more")}
          </Button>
        );
        if (entries.length === 0) {
          return (
            <EmptyState icon={ScrollText} title={t("audit.none")} action={more}>
              {query.hasNextPage ? t("audit.noneYet") : t("audit.noneText")}
            </EmptyState>
          );
        }
        return (
          <div className="flex flex-col items-center gap-3">
            <div className="w-full min-w-0">
              <Table isText label={t("audit.list")} columns={columns}>
                {entries.map((entry) => (
                  <EntryRow key={entry.entryId} entry={entry} />
                ))}
              </Table>
            </div>
            {more}
          </div>
        );
      }}
    </Loaded>
  );
}

function EntryRow({ entry }: { entry: AuditEntryView }) {
  const { t } = useTranslation();
  const { atMs, action, address, outcome, detail, subject, subjectName, seq } = entry;
  const words = actionWords(t, action);
  return (
    <tr data-action={action} className="align-top">
      <Cell className="align-top text-muted">
        <TimeAgo atMs={atMs} />
        {seq !== null && <Small>{String(seq)}</Small>}
      </Cell>
      <Cell className="max-w-56 align-top break-words">
        <Actor entry={entry} />
        {address !== null && <Small>{address}</Small>}
      </Cell>
      <Cell className="max-w-72 align-top break-words">
        {words !== null && (outcome === "done" ? words : t("audit.tried", { what: words }))}
        <Small>{action}</Small>
      </Cell>
      <Cell isWideOnly className="max-w-64 align-top break-words">
        {subjectName !== null && <bdi>{visibleText(subjectName)}</bdi>}
        {subject !== null && <Small>{subject}</Small>}
      </Cell>
      <Cell className="align-top">
        <Badge tone={outcome === "done" ? "neutral" : "warn"}>{t(`audit.outcome.${outcome}`)}</Badge>
      </Cell>
      <Cell isWideOnly className="max-w-80 min-w-40 align-top break-words">
        {detail !== null && <bdi>{visibleText(detail)}</bdi>}
      </Cell>
    </tr>
  );
}

function Actor({ entry: { actor, actorName } }: { entry: AuditEntryView }) {
  const { t } = useTranslation();
  if (actor === "anonymous" || actor === "platform" || actor === "relay") return t(`audit.actor.${actor}`);
  return <bdi>{visibleText(actorName ?? actor)}</bdi>;
}

/** What is exact, beneath what is readable. */
function Small({ children }: { children: string }): ReactNode {
  return (
    <div className="font-mono text-2xs break-all text-muted">
      <bdi>{visibleText(children)}</bdi>
    </div>
  );
}

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Users } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { AskWhom } from "../features/access/AskWhom.tsx";
import { useMay } from "../features/access/use-may.ts";
import { MemberRow } from "../features/members/MemberRow.tsx";
import { WhoMay } from "../features/members/WhoMay.tsx";
import { Button } from "../ui/Button.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { TextField } from "../ui/Field.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";
import { Table } from "../ui/Table.tsx";

export function MembersPage() {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search);
  const query = useInfiniteQuery(
    trpc.members.list.infiniteQueryOptions(
      { search: asked },
      { getNextPageParam: ({ nextCursor }) => nextCursor, placeholderData: keepPreviousData },
    ),
  );
  const org = useQuery(trpc.orgs.current.queryOptions());
  const mayRemove = useMay("members.manage");
  const mayChange = useMay("grants.manage");
  const columns = ["who", "role", "action"] as const;
  return (
    <>
      <PageHeader documentTitle={t("members.title")} title={t("members.title")} />
      <div className="flex flex-col gap-6">
        <div className="flex flex-col gap-3">
          <TextField
            label={t("members.search")}
            type="search"
            dir="auto"
            maxLength={254}
            value={search}
            onChange={({ target }) => setSearch(target.value)}
            className="sm:max-w-xs"
          />
          {!mayChange && <AskWhom permission="members.manage" />}
          <Loaded query={query} skeleton={<Skeleton className="h-48" />}>
            {({ pages }) => {
              const members = pages.flatMap((page) => page.members);
              return members.length === 0 ? (
                <EmptyState icon={Users} title={t("members.emptyTitle")}>
                  {t("members.empty")}
                </EmptyState>
              ) : (
                <Table
                  label={t("members.title")}
                  columns={columns.map((name) => ({ title: t(`members.column.${name}`) }))}
                >
                  {members.map((member) => (
                    <MemberRow key={member.userId} member={member} mayChange={mayChange} mayRemove={mayRemove} />
                  ))}
                </Table>
              );
            }}
          </Loaded>
          {query.hasNextPage && (
            <Button
              isBusy={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
              className="self-center"
            >
              {t("common.more")}
            </Button>
          )}
        </div>
        {org.data !== undefined && <WhoMay orgId={org.data.orgId} />}
      </div>
    </>
  );
}

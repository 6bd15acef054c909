import type { OrgId } from "@quarterdeck/core/ids";
import { planNames, type PlanName } from "@quarterdeck/core/quota/request-tiers";
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc, trpcClient } from "../../api/trpc.ts";
import type { OperatedOrg } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Name } from "../../app/Name.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import { Section } from "../../ui/Card.tsx";
import { Select } from "../../ui/Select.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { toasts } from "../../ui/toasts.ts";

/** The orgs of the platform with how much they have, and the plan of each to choose. */
export function OrgsSection() {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: trpc.operator.orgs.pathKey(),
    queryFn: ({ pageParam, signal }) => trpcClient.operator.orgs.query({ after: pageParam }, { signal }),
    initialPageParam: null as OrgId | null,
    getNextPageParam: ({ next }) => next,
  });
  const columns = [
    { title: t("operator.orgs.name") },
    { title: t("operator.orgs.plan") },
    { title: t("operator.orgs.members"), isWideOnly: true },
    { title: t("operator.orgs.servers"), isWideOnly: true },
    { title: t("operator.orgs.projects"), isWideOnly: true },
    { title: t("operator.orgs.created"), isWideOnly: true },
  ];
  return (
    <Section title={t("operator.orgs.title")}>
      <Loaded query={query} skeleton={<Skeleton className="h-40" />}>
        {({ pages }) => (
          <div className="flex flex-col items-start gap-3">
            <div className="w-full">
              <Table label={t("operator.orgs.title")} columns={columns}>
                {pages
                  .flatMap(({ orgs }) => orgs)
                  .map((org) => (
                    <OrgRow key={org.orgId} org={org} />
                  ))}
              </Table>
            </div>
            {query.hasNextPage && (
              <Button isBusy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t("common.more")}
              </Button>
            )}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function OrgRow({ org }: { org: OperatedOrg }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <tr>
      <Cell className="max-w-64 min-w-28">
        <Name className="block truncate font-medium">{org.name}</Name>
        <span className="block truncate font-mono text-2xs text-muted max-sm:hidden">{org.orgId}</span>
        {org.deleteAtMs !== null && (
          <span className="block text-2xs text-warn">
            {t("operator.orgs.deleted", { date: format.day(org.deleteAtMs) })}
          </span>
        )}
      </Cell>
      <Cell className="min-w-32">
        <PlanChoice org={org} />
      </Cell>
      <Cell isWideOnly className="text-muted tabular-nums">
        {format.number(org.members)}
      </Cell>
      <Cell isWideOnly className="text-muted tabular-nums">
        {format.number(org.servers)}
      </Cell>
      <Cell isWideOnly className="text-muted tabular-nums">
        {format.number(org.projects)}
      </Cell>
      <Cell isWideOnly className="text-muted whitespace-nowrap">
        {format.day(org.createdAtMs)}
      </Cell>
    </tr>
  );
}

function PlanChoice({ org: { orgId, name, plan } }: { org: OperatedOrg }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const setPlan = useMutation(
    trpc.operator.setPlan.mutationOptions({
      async onSuccess(_, { plan: chosen }) {
        await queryClient.invalidateQueries(trpc.operator.orgs.pathFilter());
        toasts.show(t("operator.orgs.changed", { name, plan: t(`operator.plans.${chosen}`) }));
      },
      onError: (error) => toasts.show(errorText(t, error)),
    }),
  );
  return (
    <Select
      aria-label={t("operator.orgs.planOf", { name })}
      value={setPlan.isPending ? setPlan.variables.plan : plan}
      disabled={setPlan.isPending}
      onChange={({ target }) => setPlan.mutate({ orgId, plan: planOf(target.value, plan) })}
    >
      {planNames.map((one) => (
        <option key={one} value={one}>
          {t(`operator.plans.${one}`)}
        </option>
      ))}
    </Select>
  );
}

function planOf(value: string, otherwise: PlanName): PlanName {
  return planNames.find((name) => name === value) ?? otherwise;
}

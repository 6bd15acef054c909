import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import type { QuotaView } from "../api/views.ts";
import { Loaded } from "../app/Loaded.tsx";
import { Name } from "../app/Name.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { ChangeLimitsDialog } from "../features/quotas/ChangeLimitsDialog.tsx";
import { EvidenceHistory } from "../features/quotas/EvidenceHistory.tsx";
import { LifecycleSetting } from "../features/quotas/LifecycleSetting.tsx";
import { LimitsTable } from "../features/quotas/LimitsTable.tsx";
import { MismatchNotice } from "../features/quotas/MismatchNotice.tsx";
import { OvercommitSetting } from "../features/quotas/OvercommitSetting.tsx";
import { QuotaChildren } from "../features/quotas/QuotaChildren.tsx";
import { QuotaHistory } from "../features/quotas/QuotaHistory.tsx";
import { useFormat } from "../i18n/use-format.ts";
import { Badge } from "../ui/Badge.tsx";
import { Card, Section } from "../ui/Card.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

/** The quota of the org that somebody is signed in to. */
export function OrgQuotaPage() {
  const query = useQuery(trpc.orgs.current.queryOptions());
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {({ orgId }) => <QuotaOf nodeId={orgId} />}
    </Loaded>
  );
}

/** The quota of a workspace or a project. */
export function QuotaPage() {
  const { nodeId } = useParams({ from: "/signed-in/quotas/$nodeId" });
  return <QuotaOf nodeId={nodeId} />;
}

function QuotaOf({ nodeId }: { nodeId: QuotaView["nodeId"] }) {
  const query = useQuery(trpc.quotas.get.queryOptions({ nodeId }));
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {(quota) => <QuotaDetails key={quota.nodeId} quota={quota} />}
    </Loaded>
  );
}

function QuotaDetails({ quota }: { quota: QuotaView }) {
  const { t } = useTranslation();
  const evidence = useQuery(trpc.quotas.evidence.queryOptions({ nodeId: quota.nodeId }));
  return (
    <>
      <PageHeader
        documentTitle={`${t("quotas.title")}: ${quota.name}`}
        trail={quota.path.map(({ nodeId, name }) =>
          nodeId.startsWith("org_") ? (
            <TextLink key={nodeId} to="/quotas">
              <Name>{name}</Name>
            </TextLink>
          ) : (
            <TextLink key={nodeId} to="/quotas/$nodeId" params={{ nodeId }}>
              <Name>{name}</Name>
            </TextLink>
          ),
        )}
        title={
          <>
            {t("quotas.of")} <Name>{quota.name}</Name>
          </>
        }
        meta={<About quota={quota} />}
        actions={quota.mayChange && <ChangeLimitsDialog quota={quota} />}
      />
      <div className="flex flex-col gap-8">
        <MismatchNotice items={evidence.data?.items ?? []} />
        <Section title={t("quotas.limits")}>
          <Loaded query={evidence} skeleton={<Skeleton className="h-72" />}>
            {(said) => <LimitsTable quota={quota} evidence={said} />}
          </Loaded>
        </Section>
        {quota.lifecycle !== undefined && (
          <Section title={t("quotas.lifecycleTitle")}>
            <Card className="p-4">
              <LifecycleSetting quota={quota} state={quota.lifecycle} />
            </Card>
          </Section>
        )}
        {quota.kind !== "project" && (
          <Section title={t("quotas.overcommit.title")}>
            <Card className="p-4">
              <OvercommitSetting quota={quota} />
            </Card>
          </Section>
        )}
        {quota.children.length > 0 && (
          <Section title={quota.kind === "org" ? t("quotas.workspaces") : t("quotas.projects")}>
            <QuotaChildren quota={quota} />
          </Section>
        )}
        <Section title={t("quotas.history.title")}>
          <QuotaHistory quota={quota} />
        </Section>
        {quota.kind !== "org" && (
          <Section title={t("quotas.evidence.history")}>
            <EvidenceHistory quota={quota} />
          </Section>
        )}
      </div>
    </>
  );
}

function About({ quota: { kind, nodeId, plan, weight } }: { quota: QuotaView }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (kind === "workspace") {
    return (
      <>
        <TextLink to="/workspaces/$workspaceId" params={{ workspaceId: nodeId as WorkspaceId }} className="text-accent">
          {t("quotas.toWorkspace")}
        </TextLink>
        <span>{t("quotas.weight", { weight })}</span>
      </>
    );
  }
  if (kind === "project") {
    return (
      <>
        <TextLink to="/projects/$projectId" params={{ projectId: nodeId as ProjectId }} className="text-accent">
          {t("quotas.toProject")}
        </TextLink>
        <span>{t("quotas.weight", { weight })}</span>
      </>
    );
  }
  if (plan === null) return null;
  return (
    <>
      <Badge tone="accent">{t(`quotas.plan.${plan.name}`)}</Badge>
      <span>
        {t("quotas.requests", { count: plan.requestsPerMinute, number: format.number(plan.requestsPerMinute) })}
      </span>
    </>
  );
}

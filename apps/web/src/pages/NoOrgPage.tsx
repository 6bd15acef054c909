import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { TextLink } from "../app/TextLink.tsx";
import { OpenInvitation } from "../features/invitations/OpenInvitation.tsx";
import { NewOrgDialog } from "../features/orgs/NewOrgDialog.tsx";
import { Button } from "../ui/Button.tsx";
import { Card, Section } from "../ui/Card.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

/** What an account can do that is in no organization. */
export function NoOrgPage() {
  const { t } = useTranslation();
  const state = useQuery(trpc.auth.state.queryOptions());
  const standing = useQuery(trpc.operator.standing.queryOptions());
  return (
    <div className="mx-auto max-w-2xl">
      <PageHeader documentTitle={t("orgs.none.title")} title={t("orgs.none.title")} meta={t("orgs.none.text")} />
      <div className="flex flex-col gap-6">
        <Section title={t("orgs.none.accept")}>
          <Card className="p-4">
            <OpenInvitation />
          </Card>
        </Section>
        <Section title={t("orgs.none.create")}>
          <Card className="p-4 text-sm">
            <CreateOrg />
          </Card>
        </Section>
        <Section title={t("orgs.none.account")}>
          <Card className="flex flex-col items-start gap-2 p-4 text-sm">
            <p className="break-all text-muted">
              {t("orgs.none.signedIn", { email: state.data?.account?.email ?? "" })}
            </p>
            <TextLink to="/settings/account" className="font-medium text-accent">
              {t("orgs.none.settings")}
            </TextLink>
            {standing.data?.isOperator === true && (
              <TextLink to="/operator" className="font-medium text-accent">
                {t("operator.title")}
              </TextLink>
            )}
          </Card>
        </Section>
      </div>
    </div>
  );
}

function CreateOrg() {
  const { t } = useTranslation();
  const memberships = useQuery(trpc.orgs.list.queryOptions());
  const [isCreating, setIsCreating] = useState(false);
  return (
    <Loaded query={memberships} skeleton={<Skeleton className="h-16" />}>
      {({ mayCreate, most }) => (
        <>
          <NewOrgDialog isOpen={isCreating} onOpenChange={setIsCreating} />
          <p className="mb-3 text-muted">
            {mayCreate ? t("orgs.none.createText") : t("orgs.create.full", { count: most })}
          </p>
          {mayCreate && (
            <Button onClick={() => setIsCreating(true)}>
              <Plus aria-hidden />
              {t("orgs.create.title")}
            </Button>
          )}
        </>
      )}
    </Loaded>
  );
}

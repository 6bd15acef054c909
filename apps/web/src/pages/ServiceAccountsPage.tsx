import { mayAnywhere } from "@quarterdeck/api/rights";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Bot } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import type { MadeKey } from "../api/views.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { AskWhom } from "../features/access/AskWhom.tsx";
import { AccountCard } from "../features/service-accounts/AccountCard.tsx";
import { CreateAccountForm } from "../features/service-accounts/CreateAccountForm.tsx";
import { MadeKeyDialog } from "../features/service-accounts/MadeKeyDialog.tsx";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

export function ServiceAccountsPage() {
  const { t } = useTranslation();
  const rights = useQuery(trpc.members.rights.queryOptions());
  return (
    <>
      <PageHeader documentTitle={t("serviceAccounts.title")} title={t("serviceAccounts.title")} />
      <Loaded query={rights} skeleton={<PageSkeleton />}>
        {(own) =>
          mayAnywhere(own, "serviceAccounts.manage") ? (
            <ServiceAccounts />
          ) : (
            <AskWhom permission="serviceAccounts.manage" />
          )
        }
      </Loaded>
    </>
  );
}

function ServiceAccounts() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const query = useQuery(trpc.serviceAccounts.list.queryOptions());
  const [isCreating, setIsCreating] = useState(false);
  const [made, setMade] = useState<MadeKey | null>(null);
  const show = (key: MadeKey) => {
    setIsCreating(false);
    setMade(key);
    void queryClient.invalidateQueries(trpc.serviceAccounts.pathFilter());
  };
  const create = (
    <Button variant="primary" onClick={() => setIsCreating(true)}>
      {t("serviceAccounts.create.open")}
    </Button>
  );
  return (
    <div className="flex flex-col gap-6">
      <p className="max-w-prose text-sm text-muted">{t("serviceAccounts.introduction")}</p>
      <Loaded query={query} skeleton={<Skeleton className="h-48" />}>
        {(accounts) =>
          accounts.length === 0 ? (
            <EmptyState icon={Bot} title={t("serviceAccounts.emptyTitle")} action={create}>
              {t("serviceAccounts.empty")}
            </EmptyState>
          ) : (
            <>
              <div>{create}</div>
              {accounts.map((account) => (
                <AccountCard key={account.serviceAccountId} account={account} onMade={show} />
              ))}
            </>
          )
        }
      </Loaded>
      <Dialog isOpen={isCreating} onOpenChange={setIsCreating} title={t("serviceAccounts.create.title")}>
        <CreateAccountForm onMade={show} />
      </Dialog>
      <MadeKeyDialog made={made} onDone={() => setMade(null)} />
    </div>
  );
}

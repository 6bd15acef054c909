import { useQuery } from "@tanstack/react-query";
import { Boxes } from "lucide-react";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { NewWorkspaceDialog } from "../features/workspaces/NewWorkspaceDialog.tsx";
import { WorkspaceTable } from "../features/workspaces/WorkspaceTable.tsx";
import { EmptyState } from "../ui/EmptyState.tsx";
import { Skeleton } from "../ui/Skeleton.tsx";

export function WorkspacesPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.workspaces.list.queryOptions());
  return (
    <>
      <PageHeader
        documentTitle={t("workspaces.title")}
        title={t("workspaces.title")}
        actions={query.data?.length === 0 ? undefined : <NewWorkspaceDialog />}
      />
      <Loaded query={query} skeleton={<Skeleton className="h-48" />}>
        {(workspaces) =>
          workspaces.length === 0 ? (
            <EmptyState icon={Boxes} title={t("workspaces.emptyTitle")} action={<NewWorkspaceDialog />}>
              {t("workspaces.empty")}
            </EmptyState>
          ) : (
            <WorkspaceTable workspaces={workspaces} showsServer />
          )
        }
      </Loaded>
    </>
  );
}

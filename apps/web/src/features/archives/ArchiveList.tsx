import { Archive } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ArchiveListView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table } from "../../ui/Table.tsx";
import { useMay } from "../access/use-may.ts";
import { ArchiveRow } from "./ArchiveRow.tsx";
import { kindOf, type ArchivesOf } from "./archives-of.ts";
import { KeptArchives } from "./KeptArchives.tsx";
import { MakeArchive } from "./MakeArchive.tsx";
import { useArchives } from "./use-archives.ts";

/** The archives of a project or a workspace, the newest first, and for who may do so what can be done with them. */
export function ArchiveList({ of }: { of: ArchivesOf }) {
  const query = useArchives(of);
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-24" />}>
      {(list) => <Archives of={of} list={list} />}
    </Loaded>
  );
}

function Archives({ of, list }: { of: ArchivesOf; list: ArchiveListView }) {
  const { t } = useTranslation();
  const isOfWorkspace = of.projectId === null;
  const mayChange = useMay(isOfWorkspace ? "workspaces.archive" : "projects.manage", of);
  const mayConfigure = useMay(isOfWorkspace ? "workspaces.archive" : "projects.configure", of);
  const { keeps, underWay, problem, archives } = list;
  const make = mayChange && <MakeArchive of={of} keeps={keeps} isBusy={underWay !== null} />;
  const columns = [
    { title: t("archives.column.made") },
    { title: t("archives.column.by"), isWideOnly: true },
    { title: t("archives.column.size"), isWideOnly: true },
    { title: t("archives.column.checksum"), isWideOnly: true },
    { title: t("archives.column.state") },
    ...(mayChange ? [{ title: t("archives.column.action") }] : []),
  ];
  return (
    <div className="flex flex-col gap-3">
      <div className="flex min-h-8 flex-wrap items-center justify-between gap-2 text-sm">
        <KeptArchives of={of} keeps={keeps} mayChange={mayConfigure} />
        {archives.length > 0 && make}
      </div>
      {underWay !== null && (
        <p role="status" className="text-sm text-muted">
          {t("archives.underWay")}{" "}
          <TextLink to="/runs/$taskId" params={{ taskId: underWay.taskId }} className="text-accent">
            {t("archives.openRun")}
          </TextLink>
        </p>
      )}
      {underWay === null && problem !== null && (
        <Alert tone="bad" title={t("archives.problem")}>
          {problem.message}{" "}
          <TextLink to="/runs/$taskId" params={{ taskId: problem.taskId }} className="underline">
            {t("archives.openRun")}
          </TextLink>
        </Alert>
      )}
      {archives.length === 0 ? (
        <EmptyState icon={Archive} title={t("archives.emptyTitle")} action={make}>
          {t(`archives.empty.${kindOf(of)}`)}
        </EmptyState>
      ) : (
        <Table
          isText={!mayChange || archives.every(({ state }) => state !== "kept")}
          label={t("archives.title")}
          columns={columns}
        >
          {archives.map((archive) => (
            <ArchiveRow
              key={archive.archiveId}
              of={of}
              archive={archive}
              mayChange={mayChange}
              isBusy={underWay !== null}
            />
          ))}
        </Table>
      )}
    </div>
  );
}

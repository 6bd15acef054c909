import { CornerLeftUp, File, FileQuestion, FileSymlink, Folder, FolderOpen } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ProjectView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Name } from "../../app/Name.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { FolderTrail } from "./FolderTrail.tsx";
import { fileListingSchema, type FileListing } from "./read-answers.ts";
import { useProjectRead } from "./use-project-read.ts";

const icons = { file: File, directory: Folder, symlink: FileSymlink, other: FileQuestion } as const;

/** The project's files as they are on the server, folder by folder. */
export function FileBrowser({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const [path, setPath] = useState("");
  const query = useProjectRead(project, { action: "files.list", params: { path }, answer: fileListingSchema });
  return (
    <div className="flex flex-col gap-2">
      <FolderTrail projectName={project.name} path={path} onOpen={setPath} />
      <Loaded query={query} skeleton={<Skeleton className="h-64" />}>
        {(listing) =>
          listing.entries.length === 0 && path === "" ? (
            <EmptyState icon={FolderOpen} title={t("projects.files.emptyTitle")}>
              {t("projects.files.empty")}
            </EmptyState>
          ) : (
            <Listing listing={listing} path={path} onOpen={setPath} />
          )
        }
      </Loaded>
    </div>
  );
}

function Listing({ listing, path, onOpen }: { listing: FileListing; path: string; onOpen: (path: string) => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const parent = path.split("/").slice(0, -1).join("/");
  const folderButton = "flex items-center gap-2 text-start font-medium after:absolute after:inset-0";
  return (
    <>
      <Table
        label={t("projects.files.title")}
        columns={[
          { title: t("projects.files.name") },
          { title: t("projects.files.size") },
          { title: t("projects.files.modified"), isWideOnly: true },
        ]}
      >
        {path !== "" && (
          <tr className="relative hover:bg-hover">
            <Cell>
              <button type="button" className={folderButton} onClick={() => onOpen(parent)}>
                <CornerLeftUp className="size-4 shrink-0 text-muted" aria-hidden />
                {t("projects.files.up")}
              </button>
            </Cell>
            <Cell>{null}</Cell>
            <Cell isWideOnly>{null}</Cell>
          </tr>
        )}
        {listing.entries.map((entry) => {
          const Icon = icons[entry.kind];
          const inside = path === "" ? entry.name : `${path}/${entry.name}`;
          return (
            <tr key={entry.name} className="relative hover:bg-hover">
              <Cell className="min-w-40 break-all">
                {entry.kind === "directory" ? (
                  <button type="button" className={folderButton} onClick={() => onOpen(inside)}>
                    <Icon className="size-4 shrink-0 text-accent" aria-hidden />
                    <Name>{entry.name}</Name>
                  </button>
                ) : (
                  <span className="flex items-center gap-2">
                    <Icon className="size-4 shrink-0 text-muted" aria-hidden />
                    <Name>{entry.name}</Name>
                  </span>
                )}
              </Cell>
              <Cell className="w-px whitespace-nowrap text-muted tabular-nums">
                {entry.sizeBytes === null ? "" : format.bytes(entry.sizeBytes)}
              </Cell>
              <Cell isWideOnly className="w-px text-muted">
                <TimeAgo atMs={entry.modifiedAtMs} />
              </Cell>
            </tr>
          );
        })}
      </Table>
      {listing.isCut && (
        <p className="text-xs text-muted">{t("projects.files.cut", { count: listing.entries.length })}</p>
      )}
    </>
  );
}

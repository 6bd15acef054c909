import { ChevronRight } from "lucide-react";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Name } from "../../app/Name.tsx";

export interface FolderTrailProps {
  readonly projectName: string;
  readonly path: string;
  readonly onOpen: (path: string) => void;
}

/** The folders from the project down to the one that is open. */
export function FolderTrail({ projectName, path, onOpen }: FolderTrailProps) {
  const { t } = useTranslation();
  const folders = path === "" ? [] : path.split("/");
  return (
    <nav aria-label={t("projects.files.trail")} className="flex flex-wrap items-center gap-1 text-sm">
      <Folder name={projectName} isOpen={folders.length === 0} onClick={() => onOpen("")} />
      {folders.map((folder, index) => {
        const to = folders.slice(0, index + 1).join("/");
        return (
          <Fragment key={to}>
            <ChevronRight className="size-3.5 text-muted rtl:rotate-180" aria-hidden />
            <Folder name={folder} isOpen={to === path} onClick={() => onOpen(to)} />
          </Fragment>
        );
      })}
    </nav>
  );
}

function Folder({ name, isOpen, onClick }: { name: string; isOpen: boolean; onClick: () => void }) {
  if (isOpen) {
    return (
      <span aria-current="location" className="font-medium break-all">
        <Name>{name}</Name>
      </span>
    );
  }
  return (
    <button type="button" onClick={onClick} className="rounded-sm break-all text-muted hover:text-ink hover:underline">
      <Name>{name}</Name>
    </button>
  );
}

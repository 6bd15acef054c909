import { useTranslation } from "react-i18next";
import type { ArchiveView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Cell } from "../../ui/Table.tsx";
import type { ArchivesOf } from "./archives-of.ts";
import { DeleteArchive } from "./DeleteArchive.tsx";
import { RestoreArchive } from "./RestoreArchive.tsx";

export interface ArchiveRowProps {
  readonly of: ArchivesOf;
  readonly archive: ArchiveView;
  readonly mayChange: boolean;
  /** Something is being done with these archives. */
  readonly isBusy: boolean;
}

/** One archive: what is known of it and, while it is kept, what can be done with it. */
export function ArchiveRow({ of, archive, mayChange, isBusy }: ArchiveRowProps) {
  const format = useFormat();
  const { archiveId, madeAtMs, madeBy, sizeBytes, sha256, state } = archive;
  return (
    <tr data-archive-state={state} className={state === "removed" ? "text-muted" : undefined}>
      <Cell>
        <TimeAgo atMs={madeAtMs} />
        <span className="block text-xs text-muted sm:hidden">{format.bytes(sizeBytes)}</span>
        <Contents archive={archive} />
      </Cell>
      <Cell isWideOnly className="max-w-56 truncate text-muted">
        <bdi>{madeBy}</bdi>
      </Cell>
      <Cell isWideOnly className="whitespace-nowrap tabular-nums">
        {format.bytes(sizeBytes)}
      </Cell>
      <Cell isWideOnly>
        <Checksum sha256={sha256} />
      </Cell>
      <Cell>
        <State archive={archive} />
      </Cell>
      {mayChange && (
        <Cell className="w-px">
          {state === "kept" && (
            <div className="flex gap-2 max-sm:flex-col max-sm:items-start">
              <RestoreArchive of={of} archiveId={archiveId} isBusy={isBusy} />
              <DeleteArchive of={of} archiveId={archiveId} isBusy={isBusy} />
            </div>
          )}
        </Cell>
      )}
    </tr>
  );
}

function Checksum({ sha256 }: { sha256: string }) {
  return (
    <code dir="ltr" className="block w-56 font-mono text-2xs break-all">
      {sha256}
    </code>
  );
}

/** What is in the archive of a workspace. */
function Contents({ archive: { projects } }: Pick<ArchiveRowProps, "archive">) {
  const { t } = useTranslation();
  const format = useFormat();
  if (projects.length === 0) return null;
  return (
    <details className="mt-1 text-xs">
      <summary className="cursor-pointer text-muted">{t("archives.projects", { count: projects.length })}</summary>
      <ul className="mt-1 flex flex-col gap-2">
        {projects.map(({ projectId, name, sizeBytes, sha256 }) => (
          <li key={projectId}>
            {name === null ? t("archives.unknownProject") : <Name>{name}</Name>}, {format.bytes(sizeBytes)}
            <Checksum sha256={sha256} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function State({ archive: { state, removal, removedAtMs } }: Pick<ArchiveRowProps, "archive">) {
  const { t } = useTranslation();
  if (state !== "removed")
    return <Badge tone={state === "kept" ? "good" : "neutral"}>{t(`archives.state.${state}`)}</Badge>;
  return (
    <span className="text-sm">
      {removal !== null && t(`archives.removal.${removal}`)} {removedAtMs !== null && <TimeAgo atMs={removedAtMs} />}
    </span>
  );
}

import { useTranslation } from "react-i18next";
import type { WorkspaceView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Cell, Table } from "../../ui/Table.tsx";

export function WorkspaceTable({
  workspaces,
  showsServer,
}: {
  workspaces: readonly WorkspaceView[];
  showsServer: boolean;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const columns = [
    { title: t("workspaces.column.name") },
    ...(showsServer ? [{ title: t("workspaces.column.server") }] : []),
    { title: t("workspaces.column.projects") },
    { title: t("workspaces.column.created"), isWideOnly: true },
  ];
  return (
    <Table label={t("workspaces.title")} columns={columns}>
      {workspaces.map((workspace) => (
        <tr key={workspace.workspaceId} className="relative hover:bg-hover">
          <Cell className="max-w-64 min-w-32">
            <TextLink
              to="/workspaces/$workspaceId"
              params={{ workspaceId: workspace.workspaceId }}
              className="block truncate font-medium after:absolute after:inset-0"
            >
              <Name>{workspace.name}</Name>
            </TextLink>
          </Cell>
          {showsServer && (
            <Cell className="max-w-48 truncate text-muted">
              <Name>{workspace.serverName}</Name>
            </Cell>
          )}
          <Cell className="text-muted tabular-nums">{format.number(workspace.projectCount)}</Cell>
          <Cell isWideOnly className="w-px text-muted">
            <TimeAgo atMs={workspace.createdAtMs} />
          </Cell>
        </tr>
      ))}
    </Table>
  );
}

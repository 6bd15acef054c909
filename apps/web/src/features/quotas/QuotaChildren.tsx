import { useTranslation } from "react-i18next";
import type { QuotaView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { useAmountText } from "./use-amount-text.ts";

const shown = ["cpu", "memory", "disk", "runs"] as const;

/** What is directly in a node and what each may have: the way down the tree. */
export function QuotaChildren({ quota }: { quota: QuotaView }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  const columns = [
    { title: t("quotas.column.name") },
    ...shown.map((name, index) => ({ title: t(`quotas.resource.${name}`), isWideOnly: index > 1 })),
  ];
  return (
    <Table label={quota.kind === "org" ? t("quotas.workspaces") : t("quotas.projects")} columns={columns}>
      {quota.children.map((child) => (
        <tr key={child.nodeId} className="relative hover:bg-hover">
          <Cell className="max-w-64 min-w-32">
            <span className="flex items-center gap-2">
              <TextLink
                to="/quotas/$nodeId"
                params={{ nodeId: child.nodeId }}
                className="block truncate font-medium after:absolute after:inset-0"
              >
                <Name>{child.name}</Name>
              </TextLink>
              {child.lifecycle !== undefined && child.lifecycle !== "active" && (
                <Badge>{t(`quotas.lifecycle.${child.lifecycle}`)}</Badge>
              )}
            </span>
          </Cell>
          {shown.map((name, index) => (
            <Cell
              key={name}
              isWideOnly={index > 1}
              className={child.limits[name] === undefined ? "text-muted" : "tabular-nums"}
            >
              {amountText(name, child.limits[name])}
            </Cell>
          ))}
        </tr>
      ))}
    </Table>
  );
}

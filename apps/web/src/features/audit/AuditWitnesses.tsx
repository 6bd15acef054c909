import { useTranslation } from "react-i18next";
import type { AuditStandingView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Cell, Table } from "../../ui/Table.tsx";

/** Up to where each server has signed for the audit. */
export function AuditWitnesses({ witnesses }: Pick<AuditStandingView, "witnesses">) {
  const { t } = useTranslation();
  if (witnesses.length === 0) return <p className="text-sm text-muted">{t("audit.witness.none")}</p>;
  const columns = [
    { title: t("audit.witness.server") },
    { title: t("audit.witness.holds") },
    { title: t("audit.witness.hash"), isWideOnly: true },
    { title: t("audit.witness.when") },
  ];
  return (
    <div className="flex flex-col gap-2">
      <p className="max-w-prose text-sm text-muted">{t("audit.witness.text")}</p>
      <Table label={t("audit.witness.title")} columns={columns}>
        {witnesses.map(({ serverId, name, holds, conflictSeq }) => (
          <tr key={serverId}>
            <Cell>
              <TextLink to="/servers/$serverId" params={{ serverId }}>
                <Name>{name}</Name>
              </TextLink>
            </Cell>
            <Cell className="tabular-nums">
              {holds === null ? <span className="text-muted">{t("audit.witness.nothing")}</span> : holds.seq}
              {conflictSeq !== null && (
                <div>
                  <Badge tone="bad">{t("audit.witness.conflict", { seq: conflictSeq })}</Badge>
                </div>
              )}
            </Cell>
            <Cell isWideOnly className="font-mono text-2xs break-all text-muted">
              {holds?.hash}
            </Cell>
            <Cell className="text-muted">{holds !== null && <TimeAgo atMs={holds.atMs} />}</Cell>
          </tr>
        ))}
      </Table>
    </div>
  );
}

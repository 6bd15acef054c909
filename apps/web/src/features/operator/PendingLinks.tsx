import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Card, Section } from "../../ui/Card.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";

/** The links that no mail server took. They are handed over by the operator, and not shown as text. */
export function PendingLinks() {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery(trpc.operator.pendingLinks.queryOptions());
  const columns = [
    { title: t("operator.links.for") },
    { title: t("operator.links.kind"), isWideOnly: true },
    { title: t("operator.links.until"), isWideOnly: true },
    { title: t("operator.links.link") },
  ];
  return (
    <Section title={t("operator.links.title")}>
      <Loaded query={query} skeleton={<Skeleton className="h-16" />}>
        {(links) =>
          links.length === 0 ? (
            <Card className="p-4 text-sm text-muted">{t("operator.links.none")}</Card>
          ) : (
            <Table label={t("operator.links.title")} columns={columns}>
              {links.map(({ url, email, kind, expiresAtMs }) => (
                <tr key={url}>
                  <Cell className="max-w-64 truncate">{email}</Cell>
                  <Cell isWideOnly className="text-muted">
                    {kind}
                  </Cell>
                  <Cell isWideOnly className="text-muted">
                    {format.dateTime(expiresAtMs)}
                  </Cell>
                  <Cell>
                    <CopyButton text={url} label={t("operator.links.copy")} />
                  </Cell>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Section>
  );
}

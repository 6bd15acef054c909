import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpcClient } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";

/** The links that no mail server took. They are handed over by the operator, and not shown as text. */
export function PendingLinks() {
  const { t } = useTranslation();
  const [isShown, setIsShown] = useState(false);
  return (
    <Section title={t("operator.links.title")}>
      {isShown ? (
        <LinkList />
      ) : (
        <Card className="flex flex-wrap items-center justify-between gap-3 p-4 text-sm text-muted">
          {t("operator.links.hidden")}
          <Button onClick={() => setIsShown(true)}>{t("operator.links.show")}</Button>
        </Card>
      )}
    </Section>
  );
}

function LinkList() {
  const { t } = useTranslation();
  const format = useFormat();
  // Read once: what asks for a proof is not to be read again behind anybody's back.
  const query = useQuery({
    queryKey: ["pending-links"],
    queryFn: () => trpcClient.operator.pendingLinks.query(undefined, { context: { asksForProof: true } }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const columns = [
    { title: t("operator.links.for") },
    { title: t("operator.links.kind"), isWideOnly: true },
    { title: t("operator.links.until"), isWideOnly: true },
    { title: t("operator.links.link") },
  ];
  return (
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
  );
}

import { useQuery } from "@tanstack/react-query";
import { MailPlus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Table } from "../../ui/Table.tsx";
import { InvitationLink, type NewInvitation } from "./InvitationLink.tsx";
import { InvitationRow } from "./InvitationRow.tsx";
import { InviteForm } from "./InviteForm.tsx";

/** Who is invited, and by whom; and inviting. For those who may. */
export function Invitations({ isOwner }: { isOwner: boolean }) {
  const { t } = useTranslation();
  const list = useQuery(trpc.invitations.list.queryOptions());
  const [made, setMade] = useState<NewInvitation | null>(null);
  const columns = [
    { title: t("invitations.email") },
    { title: t("invitations.role"), isWideOnly: true },
    { title: t("invitations.state") },
    { title: t("invitations.by"), isWideOnly: true },
    { title: t("invitations.actions") },
  ];
  return (
    <div className="flex flex-col gap-8">
      <Section title={t("invitations.invite")}>
        <Card className="p-4">
          <InviteForm isOwner={isOwner} onMade={setMade} />
        </Card>
        {made !== null && (
          <div className="mt-4">
            <InvitationLink made={made} />
          </div>
        )}
      </Section>
      <Section title={t("invitations.list")}>
        <Loaded query={list} skeleton={<Skeleton className="h-32" />}>
          {(invitations) =>
            invitations.length === 0 ? (
              <EmptyState icon={MailPlus} title={t("invitations.none")}>
                {t("invitations.noneText")}
              </EmptyState>
            ) : (
              <Table label={t("invitations.list")} columns={columns} isText>
                {invitations.map((invitation) => (
                  <InvitationRow
                    key={invitation.invitationId}
                    invitation={invitation}
                    mayDecide={isOwner || invitation.role !== "owner"}
                    onResent={setMade}
                  />
                ))}
              </Table>
            )
          }
        </Loaded>
      </Section>
    </div>
  );
}

import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { MemberView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Cell } from "../../ui/Table.tsx";
import { ChangeRoleForm } from "./ChangeRoleForm.tsx";
import { RemoveMember } from "./RemoveMember.tsx";
import { WhatMay } from "./WhatMay.tsx";

export interface MemberRowProps {
  readonly member: MemberView;
  readonly mayChange: boolean;
  readonly mayRemove: boolean;
}

export function MemberRow({ member, mayChange, mayRemove }: MemberRowProps) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<"change" | "whatMay" | null>(null);
  const { email, role, grants } = member;
  const close = (isOpen: boolean) => setOpen(isOpen ? open : null);
  return (
    <tr>
      <Cell className="min-w-24">
        <Name className="wrap-anywhere">{email}</Name>
      </Cell>
      <Cell>
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          {role !== null && t(`members.role.${role}`)}
          {grants.map(({ workspaceId, workspaceName, projectId, projectName, role: given }) => (
            <Badge key={projectId ?? workspaceId}>
              <Name className="truncate">
                {projectName === null ? workspaceName : `${workspaceName} / ${projectName}`}
              </Name>
              {t(`members.role.${given}`)}
            </Badge>
          ))}
        </div>
      </Cell>
      <Cell>
        <div className="flex flex-wrap justify-end gap-2 xl:flex-nowrap">
          <Button variant="ghost" onClick={() => setOpen("whatMay")} aria-label={t("members.whatMay.of", { email })}>
            {t("members.whatMay.show")}
          </Button>
          {mayChange && (
            <Button onClick={() => setOpen("change")} aria-label={t("members.change.of", { email })}>
              {t("members.change.change")}
            </Button>
          )}
          {mayRemove && <RemoveMember member={member} />}
        </div>
        <Dialog isOpen={open === "change"} onOpenChange={close} title={t("members.change.of", { email })} isWide>
          <ChangeRoleForm member={member} onDone={() => setOpen(null)} />
        </Dialog>
        <Dialog isOpen={open === "whatMay"} onOpenChange={close} title={t("members.whatMay.of", { email })}>
          <WhatMay member={member} />
        </Dialog>
      </Cell>
    </tr>
  );
}

import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ApiKeyView, MadeKey, ServiceAccountView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Section } from "../../ui/Card.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Table } from "../../ui/Table.tsx";
import { ChangeRightsForm } from "./ChangeRightsForm.tsx";
import { KeyRow } from "./KeyRow.tsx";
import { NewKeyForm } from "./NewKeyForm.tsx";
import { RemoveAccount } from "./RemoveAccount.tsx";

type Open = { readonly what: "rights" } | { readonly what: "key"; readonly after: ApiKeyView | null };

/** A service account with its keys. */
export function AccountCard({ account, onMade }: { account: ServiceAccountView; onMade: (made: MadeKey) => void }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<Open | null>(null);
  const { name, placeName, role, permissions, createdBy, keys } = account;
  const columns = ["hint", "ends", "lastUse", "action"] as const;
  const close = (isOpen: boolean) => !isOpen && setOpen(null);
  const after = open?.what === "key" ? open.after : null;
  const titleOfKey =
    after === null
      ? t("serviceAccounts.key.addOf", { name })
      : t("serviceAccounts.key.rotateOf", { name, hint: after.hint });
  return (
    <Section
      title={<Name>{name}</Name>}
      action={
        <div className="flex flex-wrap gap-2">
          <Button
            onClick={() => setOpen({ what: "key", after: null })}
            aria-label={t("serviceAccounts.key.addOf", { name })}
          >
            {t("serviceAccounts.key.add")}
          </Button>
          <Button onClick={() => setOpen({ what: "rights" })} aria-label={t("serviceAccounts.rights.of", { name })}>
            {t("serviceAccounts.rights.open")}
          </Button>
          <RemoveAccount account={account} />
        </div>
      }
    >
      <div className="flex flex-col gap-2">
        <div className="flex flex-wrap items-center gap-2 text-sm text-muted">
          <Badge tone="accent">{t(`members.role.${role}`)}</Badge>
          <Name>{placeName ?? t("serviceAccounts.wholeOrg")}</Name>
          <span>{t("serviceAccounts.createdBy", { who: createdBy })}</span>
        </div>
        <p className="text-sm text-muted">
          {permissions === null
            ? t("serviceAccounts.all")
            : t("serviceAccounts.only", {
                permissions: permissions.map((permission) => t(`members.permission.${permission}`)).join(" · "),
              })}
        </p>
        {keys.length > 0 && (
          <Table
            label={t("serviceAccounts.key.title", { name })}
            columns={columns.map((column) => ({ title: t(`serviceAccounts.key.${column}`) }))}
            isText={!keys.some(({ isLive }) => isLive)}
          >
            {keys.map((key) => (
              <KeyRow
                key={key.keyId}
                account={account}
                apiKey={key}
                onRotate={() => setOpen({ what: "key", after: key })}
              />
            ))}
          </Table>
        )}
      </div>
      <Dialog isOpen={open?.what === "rights"} onOpenChange={close} title={t("serviceAccounts.rights.of", { name })}>
        <ChangeRightsForm account={account} onDone={() => setOpen(null)} />
      </Dialog>
      <Dialog
        isOpen={open?.what === "key"}
        onOpenChange={close}
        title={titleOfKey}
        {...(after === null ? {} : { description: t("serviceAccounts.key.rotateText") })}
      >
        <NewKeyForm
          account={account}
          after={after}
          onMade={(made) => {
            setOpen(null);
            onMade(made);
          }}
        />
      </Dialog>
    </Section>
  );
}

import { useMutation } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { PasskeyView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Button } from "../../ui/Button.tsx";
import { Section } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { toasts } from "../../ui/toasts.ts";
import { addPasskey } from "../sign-in/passkey-ceremony.ts";
import { NameDialog } from "./NameDialog.tsx";
import { RecoveryCodes } from "./RecoveryCodes.tsx";
import { RemoveButton } from "./RemoveButton.tsx";
import { useAccountChanged } from "./use-account-changed.ts";

export function PasskeysSection({ passkeys }: { passkeys: readonly PasskeyView[] }) {
  const { t } = useTranslation();
  const changed = useAccountChanged();
  const [isAdding, setIsAdding] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const add = async (name: string) => {
    const { recoveryCodes } = await addPasskey(name);
    toasts.show(t("account.passkeys.added"));
    setCodes(recoveryCodes);
    await changed();
  };
  const addButton = <Button onClick={() => setIsAdding(true)}>{t("account.passkeys.add")}</Button>;
  return (
    <Section title={t("account.passkeys.title")} action={passkeys.length > 0 && addButton}>
      {passkeys.length === 0 ? (
        <EmptyState icon={KeyRound} title={t("account.passkeys.empty")} action={addButton}>
          {t("account.passkeys.emptyText")}
        </EmptyState>
      ) : (
        <Table
          label={t("account.passkeys.title")}
          columns={[
            { title: t("account.passkeys.name") },
            { title: t("account.passkeys.created"), isWideOnly: true },
            { title: t("account.passkeys.used"), isWideOnly: true },
            { title: t("account.actions") },
          ]}
        >
          {passkeys.map((passkey) => (
            <PasskeyRow key={passkey.passkeyId} passkey={passkey} />
          ))}
        </Table>
      )}
      <NameDialog
        isOpen={isAdding}
        onOpenChange={setIsAdding}
        title={t("account.passkeys.add")}
        first={t("account.passkeys.defaultName")}
        submitLabel={t("account.passkeys.add")}
        save={add}
      />
      <RecoveryCodes codes={codes} onKept={() => setCodes(null)} />
    </Section>
  );
}

function PasskeyRow({ passkey: { passkeyId, name, createdAtMs, lastUsedAtMs } }: { passkey: PasskeyView }) {
  const { t } = useTranslation();
  const changed = useAccountChanged();
  const [isNaming, setIsNaming] = useState(false);
  const rename = useMutation(trpc.account.renamePasskey.mutationOptions({ onSuccess: changed }));
  const remove = useMutation(trpc.account.removePasskey.mutationOptions({ onSuccess: changed }));
  return (
    <tr>
      <Cell className="max-w-40 break-words">
        <Name>{name}</Name>
      </Cell>
      <Cell isWideOnly>
        <TimeAgo atMs={createdAtMs} />
      </Cell>
      <Cell isWideOnly>{lastUsedAtMs === null ? t("account.passkeys.never") : <TimeAgo atMs={lastUsedAtMs} />}</Cell>
      <Cell>
        <div className="flex flex-wrap justify-end gap-2">
          <Button aria-label={t("account.passkeys.renameNamed", { name })} onClick={() => setIsNaming(true)}>
            {t("account.passkeys.rename")}
          </Button>
          <RemoveButton
            label={t("account.passkeys.remove")}
            name={t("account.passkeys.removeNamed", { name })}
            title={t("account.passkeys.removeTitle")}
            text={t("account.passkeys.removeText")}
            doneText={t("account.passkeys.removed")}
            remove={() => remove.mutateAsync({ passkeyId })}
          />
        </div>
        <NameDialog
          isOpen={isNaming}
          onOpenChange={setIsNaming}
          title={t("account.passkeys.rename")}
          first={name}
          submitLabel={t("common.save")}
          save={(newName) => rename.mutateAsync({ passkeyId, name: newName })}
        />
      </Cell>
    </tr>
  );
}

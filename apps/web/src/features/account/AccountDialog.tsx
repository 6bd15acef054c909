import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

export interface AccountDialogProps {
  readonly me: { readonly email: string; readonly orgName: string };
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly isSigningOut: boolean;
  readonly onSignOut: () => void;
}

/** Who is signed in, and the organization with its name. */
export function AccountDialog({ me, isOpen, onOpenChange, isSigningOut, onSignOut }: AccountDialogProps) {
  const { t } = useTranslation();
  return (
    <Dialog isOpen={isOpen} onOpenChange={onOpenChange} title={t("auth.account.title")}>
      <RenameOrgForm orgName={me.orgName} onDone={() => onOpenChange(false)} />
      <div className="mt-5 flex flex-wrap items-center justify-between gap-3 border-t border-line pt-4">
        <p className="min-w-0 text-sm">
          <span className="block text-xs text-muted">{t("auth.account.signedInAs")}</span>
          <bdi className="break-all">{me.email}</bdi>
        </p>
        <Button isBusy={isSigningOut} onClick={onSignOut}>
          {!isSigningOut && <LogOut aria-hidden />}
          {t("auth.signOut")}
        </Button>
      </div>
    </Dialog>
  );
}

function RenameOrgForm({ orgName, onDone }: { orgName: string; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [name, setName] = useState(orgName);
  const rename = useMutation(
    trpc.orgs.rename.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.auth.state.pathFilter());
        onDone();
      },
    }),
  );
  const errors = useFormErrors(rename.error, { INVALID_NAME: "name" });
  return (
    <Form
      isBusy={rename.isPending}
      onSubmit={() => rename.mutate({ name })}
      problem={errors.general}
      footer={
        <Button
          type="submit"
          variant="primary"
          isBusy={rename.isPending}
          disabled={name.trim() === orgName}
          className="self-end"
        >
          {t("common.save")}
        </Button>
      }
    >
      <TextField
        label={t("auth.account.orgName")}
        required
        dir="auto"
        autoComplete="organization"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={errors.of("name")}
      />
    </Form>
  );
}

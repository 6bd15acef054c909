import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

export function NewOrgDialog({ isOpen, onOpenChange }: { isOpen: boolean; onOpenChange: (isOpen: boolean) => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      isOpen={isOpen}
      onOpenChange={onOpenChange}
      title={t("orgs.create.title")}
      description={t("orgs.create.description")}
    >
      <NewOrgForm onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

function NewOrgForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation(
    trpc.orgs.create.mutationOptions({
      async onSuccess() {
        onDone();
        await queryClient.fetchQuery({ ...trpc.auth.state.queryOptions(), staleTime: 0 });
      },
    }),
  );
  const errors = useFormErrors(create.error, { INVALID_NAME: "name" });
  return (
    <Form
      isBusy={create.isPending}
      onSubmit={() => create.mutate({ name })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={create.isPending} className="self-end">
          {t("orgs.create.submit")}
        </Button>
      }
    >
      <TextField
        label={t("orgs.create.name")}
        required
        autoFocus
        autoComplete="organization"
        dir="auto"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={errors.of("name")}
      />
    </Form>
  );
}

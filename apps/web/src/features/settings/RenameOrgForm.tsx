import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { toasts } from "../../ui/toasts.ts";

export function RenameOrgForm({ orgName }: { orgName: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [name, setName] = useState(orgName);
  const rename = useMutation(
    trpc.orgs.rename.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.auth.state.pathFilter());
        toasts.show(t("settings.organization.renamed"));
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
        label={t("settings.organization.name")}
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

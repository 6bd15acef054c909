import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ServiceAccountView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Form } from "../../ui/Form.tsx";
import { toasts } from "../../ui/toasts.ts";
import { RightsFields, type ServiceRights } from "./RightsFields.tsx";

export function ChangeRightsForm({ account, onDone }: { account: ServiceAccountView; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { serviceAccountId, placeId } = account;
  const [rights, setRights] = useState<ServiceRights>(account);
  const save = useMutation(
    trpc.serviceAccounts.setRights.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.serviceAccounts.pathFilter());
        toasts.show(t("serviceAccounts.rights.done"));
        onDone();
      },
    }),
  );
  const errors = useFormErrors(save.error);
  const { role, permissions } = rights;
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ serviceAccountId, placeId, role, permissions: permissions && [...permissions] })}
      problem={errors.general}
      footer={
        <Button
          type="submit"
          variant="primary"
          isBusy={save.isPending}
          disabled={permissions?.length === 0}
          className="self-end"
        >
          {t("serviceAccounts.rights.submit")}
        </Button>
      }
    >
      <RightsFields value={rights} onChange={setRights} />
    </Form>
  );
}

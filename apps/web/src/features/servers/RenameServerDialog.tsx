import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { EditDialog } from "../../ui/EditDialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

export function RenameServerDialog({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  return (
    <EditDialog label={t("servers.rename.title")} title={t("servers.rename.heading")}>
      {(close) => <RenameForm server={server} onDone={close} />}
    </EditDialog>
  );
}

function RenameForm({ server, onDone }: { server: ServerView; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [name, setName] = useState(server.name);
  const rename = useMutation(
    trpc.servers.rename.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.servers.pathFilter());
        onDone();
      },
    }),
  );
  const errors = useFormErrors(rename.error, { INVALID_NAME: "name", CONFLICT: "name" });
  return (
    <Form
      isBusy={rename.isPending}
      onSubmit={() => rename.mutate({ serverId: server.serverId, name })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={rename.isPending} className="self-end">
          {t("common.save")}
        </Button>
      }
    >
      <TextField
        label={t("servers.rename.name")}
        required
        autoFocus
        dir="auto"
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={errors.of("name")}
      />
    </Form>
  );
}

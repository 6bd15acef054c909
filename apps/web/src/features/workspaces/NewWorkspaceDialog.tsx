import type { ServerId } from "@quarterdeck/core/ids";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field, TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { useMay } from "../access/use-may.ts";

export function NewWorkspaceDialog({ serverId }: { serverId?: ServerId }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  if (!useMay("workspaces.create")) return null;
  return (
    <>
      <Button variant="primary" onClick={() => setIsOpen(true)}>
        <Plus aria-hidden />
        {t("workspaces.create.title")}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("workspaces.create.title")}
        description={t("workspaces.create.description")}
      >
        <NewWorkspaceForm serverId={serverId} />
      </Dialog>
    </>
  );
}

function NewWorkspaceForm({ serverId: preset }: { serverId: ServerId | undefined }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const servers = useQuery(trpc.servers.list.queryOptions());
  const received = useQuery(trpc.sharing.received.queryOptions());
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string | undefined>(preset);
  const create = useMutation(
    trpc.workspaces.create.mutationOptions({
      async onSuccess({ workspaceId }) {
        await queryClient.invalidateQueries(trpc.workspaces.pathFilter());
        await navigate({ to: "/workspaces/$workspaceId", params: { workspaceId } });
      },
    }),
  );
  const errors = useFormErrors(create.error, { INVALID_NAME: "name" });
  return (
    <Loaded query={servers} skeleton={<Skeleton className="h-40" />}>
      {(all) => {
        const shared = (received.data ?? []).filter(({ isUsable }) => isUsable);
        const list = [...all.filter(({ isRevoked }) => !isRevoked), ...shared];
        const server = list.find((candidate) => candidate.serverId === chosen) ?? list[0];
        if (server === undefined) return <Alert tone="info">{t("workspaces.create.noServer")}</Alert>;
        return (
          <Form
            isBusy={create.isPending}
            onSubmit={() => create.mutate({ name, serverId: server.serverId })}
            problem={errors.general}
            footer={
              <Button type="submit" variant="primary" isBusy={create.isPending} className="self-end">
                {t("workspaces.create.submit")}
              </Button>
            }
          >
            <TextField
              label={t("workspaces.create.name")}
              required
              autoFocus
              autoComplete="off"
              dir="auto"
              value={name}
              onChange={(event) => setName(event.target.value)}
              error={errors.of("name")}
            />
            <Field
              label={t("workspaces.create.server")}
              hint={t("workspaces.create.serverHint")}
              error={errors.of("serverId")}
            >
              {(control) => (
                <Select {...control} value={server.serverId} onChange={(event) => setChosen(event.target.value)}>
                  {list.map((candidate) => (
                    <option key={candidate.serverId} value={candidate.serverId}>
                      {`${candidate.name} (${t(`servers.status.${candidate.status}`)})`}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          </Form>
        );
      }}
    </Loaded>
  );
}

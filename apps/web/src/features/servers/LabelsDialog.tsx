import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Tag } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { useMay } from "../access/use-may.ts";

type LabelledServer = Pick<ServerView, "serverId" | "labels" | "isRevoked">;

export function LabelsDialog({ server }: { server: LabelledServer }) {
  const { t } = useTranslation();
  const mayManage = useMay("servers.manage");
  const [isOpen, setIsOpen] = useState(false);
  if (!mayManage || server.isRevoked) return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <Tag aria-hidden />
        {t("serverCare.labels.edit")}
      </Button>
      <Dialog isOpen={isOpen} onOpenChange={setIsOpen} title={t("serverCare.labels.heading")}>
        <LabelsForm server={server} onDone={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

function LabelsForm({ server, onDone }: { server: LabelledServer; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [text, setText] = useState(server.labels.join(", "));
  const save = useMutation(
    trpc.servers.setLabels.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.servers.pathFilter());
        onDone();
      },
    }),
  );
  const errors = useFormErrors(save.error);
  const labels = text.split(",").flatMap((label) => (label.trim() === "" ? [] : [label.trim()]));
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ serverId: server.serverId, labels })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={save.isPending} className="self-end">
          {t("common.save")}
        </Button>
      }
    >
      <TextField
        label={t("serverCare.labels.field")}
        hint={t("serverCare.labels.hint")}
        autoFocus
        dir="auto"
        autoComplete="off"
        value={text}
        onChange={(event) => setText(event.target.value)}
        error={errors.of("labels") ?? errors.of("labels.0")}
      />
    </Form>
  );
}

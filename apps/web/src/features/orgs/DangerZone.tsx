import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button, buttonClasses } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";

const exportPath = "/export/organization.ndjson";

/** Taking everything along, and leaving for good. */
export function DangerZone({ orgName, isClosing }: { orgName: string; isClosing: boolean }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Section title={t("orgs.export.title")}>
        <Card className="flex flex-wrap items-center justify-between gap-3 p-4">
          <p className="min-w-0 flex-1 basis-64 text-sm text-muted">{t("orgs.export.text")}</p>
          <a href={exportPath} download className={buttonClasses()}>
            <Download aria-hidden />
            {t("orgs.export.download")}
          </a>
        </Card>
      </Section>
      <Section title={t("orgs.danger.title")}>
        <Card className="flex flex-wrap items-center justify-between gap-3 border-bad/40 p-4">
          <p className="min-w-0 flex-1 basis-64 text-sm text-muted">{t("orgs.danger.text")}</p>
          <Button variant="danger" disabled={isClosing} onClick={() => setIsOpen(true)}>
            {t("orgs.danger.ask")}
          </Button>
        </Card>
      </Section>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("orgs.danger.confirmTitle", { name: orgName })}
        description={t("orgs.danger.confirmText")}
      >
        <DeleteForm orgName={orgName} onDone={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

function DeleteForm({ orgName, onDone }: { orgName: string; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const request = useMutation(
    trpc.orgs.requestDeletion.mutationOptions({
      async onSuccess() {
        onDone();
        await queryClient.invalidateQueries(trpc.pathFilter());
      },
    }),
  );
  const errors = useFormErrors(request.error, { BAD_REQUEST: "name" });
  return (
    <Form
      isBusy={request.isPending}
      onSubmit={() => request.mutate({ name })}
      problem={errors.general}
      footer={
        <Button
          type="submit"
          variant="danger"
          isBusy={request.isPending}
          disabled={name !== orgName}
          className="self-end"
        >
          {t("orgs.danger.ask")}
        </Button>
      }
    >
      <TextField
        label={t("orgs.danger.confirmName")}
        required
        autoFocus
        autoComplete="off"
        dir="auto"
        value={name}
        onChange={(event) => setName(event.target.value)}
        error={errors.of("name")}
      />
    </Form>
  );
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Ticket } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { useMay } from "../access/use-may.ts";
import { SliceSize } from "./SliceSize.tsx";

/** Takes up an offer: the code shows what it is, then a name is given to it. */
export function AcceptShare() {
  const { t } = useTranslation();
  const mayManage = useMay("servers.manage");
  const [isOpen, setIsOpen] = useState(false);
  if (!mayManage) return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <Ticket aria-hidden />
        {t("sharing.received.accept")}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("sharing.received.acceptTitle")}
        description={t("sharing.received.acceptDescription")}
      >
        <AcceptForm onDone={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

function AcceptForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [code, setCode] = useState("");
  const [name, setName] = useState("");
  const look = useMutation(
    trpc.sharing.readOffer.mutationOptions({ onSuccess: ({ label }) => setName((own) => own || label) }),
  );
  const accept = useMutation(
    trpc.sharing.accept.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.sharing.pathFilter());
        onDone();
      },
    }),
  );
  const errors = useFormErrors(accept.error ?? look.error, { INVALID_NAME: "name", TOKEN_INVALID: "code" });
  const offer = look.data;
  return (
    <Form
      isBusy={look.isPending || accept.isPending}
      onSubmit={() => (offer === undefined ? look.mutate({ code }) : accept.mutate({ code, name }))}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={look.isPending || accept.isPending} className="self-end">
          {offer === undefined ? t("sharing.received.look") : t("sharing.received.submit")}
        </Button>
      }
    >
      <TextField
        label={t("sharing.received.code")}
        required
        autoFocus
        dir="ltr"
        autoComplete="off"
        readOnly={offer !== undefined}
        value={code}
        onChange={(event) => setCode(event.target.value)}
        error={errors.of("code")}
      />
      {offer !== undefined && (
        <>
          <p className="text-sm" role="status">
            {t("sharing.received.offeredBy", { org: offer.hostOrgName, label: offer.label })}{" "}
            <span className="text-muted">
              <SliceSize limits={offer.limits} weight={offer.weight} />
            </span>
          </p>
          <TextField
            label={t("sharing.received.name")}
            required
            dir="auto"
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
            error={errors.of("name")}
          />
        </>
      )}
    </Form>
  );
}

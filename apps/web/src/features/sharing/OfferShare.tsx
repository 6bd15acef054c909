import type { ServerId } from "@quarterdeck/core/ids";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Share2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { readWeight } from "../quotas/weight-field.ts";
import { readSlice, type SliceTexts } from "./slice-fields.ts";
import { SliceFields } from "./SliceFields.tsx";

const usualSlice: SliceTexts = { cpu: "1", memory: "1 GiB", disk: "10 GiB", runs: "2" };

export function OfferShare({ serverId }: { serverId: ServerId }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <Share2 aria-hidden />
        {t("sharing.given.offer")}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("sharing.given.offerTitle")}
        description={t("sharing.given.offerDescription")}
        isWide
      >
        <OfferForm serverId={serverId} />
      </Dialog>
    </>
  );
}

function OfferForm({ serverId }: { serverId: ServerId }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const [label, setLabel] = useState("");
  const [texts, setTexts] = useState<SliceTexts>(usualSlice);
  const [weightText, setWeightText] = useState("1");
  const weight = readWeight(weightText);
  const { limits, errors } = readSlice(texts);
  const offer = useMutation(
    trpc.sharing.offer.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.sharing.pathFilter()),
    }),
  );
  const problem = useFormErrors(offer.error, { INVALID_NAME: "label" });
  if (offer.data !== undefined) {
    const { code, expiresAtMs } = offer.data;
    return (
      <div className="flex flex-col gap-3" role="status">
        <p className="text-sm font-medium">{t("sharing.given.codeTitle")}</p>
        <CodeBlock text={code} label={t("sharing.given.code")} />
        <p className="text-sm text-muted">{t("sharing.given.codeText", { time: format.dateTime(expiresAtMs) })}</p>
        <div>
          <CopyButton text={code} label={t("sharing.given.copy")} />
        </div>
      </div>
    );
  }
  const isWrong = weight === null || Object.keys(errors).length > 0;
  return (
    <Form
      isBusy={offer.isPending}
      onSubmit={() => {
        if (weight !== null && !isWrong) offer.mutate({ serverId, label, limits, weight });
      }}
      problem={problem.general}
      footer={
        <Button type="submit" variant="primary" isBusy={offer.isPending} disabled={isWrong} className="self-end">
          {t("sharing.given.submit")}
        </Button>
      }
    >
      <TextField
        label={t("sharing.given.label")}
        hint={t("sharing.given.labelHint")}
        required
        autoFocus
        dir="auto"
        autoComplete="off"
        value={label}
        onChange={(event) => setLabel(event.target.value)}
        error={problem.of("label")}
      />
      <SliceFields texts={texts} onChange={setTexts} weight={weightText} onWeight={setWeightText} />
    </Form>
  );
}

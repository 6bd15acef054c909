import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { GivenShareView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Form } from "../../ui/Form.tsx";
import { printLimit } from "../quotas/limit-fields.ts";
import { readWeight } from "../quotas/weight-field.ts";
import { readSlice, type SliceTexts } from "./slice-fields.ts";
import { sliceResources } from "./slice-resources.ts";
import { SliceFields } from "./SliceFields.tsx";

export function ChangeShare({ share }: { share: GivenShareView }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>{t("sharing.given.change")}</Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("sharing.given.changeTitle", { label: share.label })}
        isWide
      >
        <ChangeForm share={share} onDone={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

function ChangeForm({ share, onDone }: { share: GivenShareView; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [texts, setTexts] = useState<SliceTexts>(() =>
    Object.fromEntries(sliceResources.map((name) => [name, printLimit(name, share.limits[name])])),
  );
  const [weightText, setWeightText] = useState(String(share.weight));
  const weight = readWeight(weightText);
  const { limits, errors } = readSlice(texts);
  const change = useMutation(
    trpc.sharing.change.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.sharing.pathFilter());
        onDone();
      },
    }),
  );
  const problem = useFormErrors(change.error);
  const isWrong = weight === null || Object.keys(errors).length > 0;
  return (
    <Form
      isBusy={change.isPending}
      onSubmit={() => {
        if (weight !== null && !isWrong) change.mutate({ shareId: share.shareId, limits, weight });
      }}
      problem={problem.general ?? problem.of("limits")}
      footer={
        <Button type="submit" variant="primary" isBusy={change.isPending} disabled={isWrong} className="self-end">
          {t("common.save")}
        </Button>
      }
    >
      <SliceFields texts={texts} onChange={setTexts} weight={weightText} onWeight={setWeightText} />
    </Form>
  );
}

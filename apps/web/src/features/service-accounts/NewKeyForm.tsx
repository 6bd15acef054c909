import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ApiKeyView, MadeKey, ServiceAccountView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { ExpiryField, usualDays } from "./ExpiryField.tsx";
import { useAccountPlaces } from "./use-account-places.ts";

const overlaps = [1, 24, 72, 168] as const;
const usualHours = 24;

export interface NewKeyFormProps {
  readonly account: ServiceAccountView;
  /** The key that the new one comes after; null for one more. */
  readonly after: ApiKeyView | null;
  readonly onMade: (made: MadeKey) => void;
}

export function NewKeyForm({ account: { serviceAccountId, placeId }, after, onMade }: NewKeyFormProps) {
  const { t } = useTranslation();
  const mayNever = useAccountPlaces().find(({ id }) => id === placeId)?.isOwner === true;
  const [expiresInDays, setDays] = useState<number | null>(usualDays);
  const [overlapHours, setOverlap] = useState<number>(usualHours);
  // Not kept after the form is gone: what is answered holds the key.
  const options = { onSuccess: onMade, gcTime: 0 };
  const add = useMutation(trpc.serviceAccounts.addKey.mutationOptions(options));
  const rotate = useMutation(trpc.serviceAccounts.rotateKey.mutationOptions(options));
  const errors = useFormErrors(add.error ?? rotate.error);
  const isBusy = add.isPending || rotate.isPending;
  return (
    <Form
      isBusy={isBusy}
      onSubmit={() => {
        const named = { serviceAccountId, placeId, expiresInDays };
        if (after === null) add.mutate(named);
        else rotate.mutate({ ...named, keyId: after.keyId, overlapHours });
      }}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={isBusy} className="self-end">
          {t("serviceAccounts.key.addSubmit")}
        </Button>
      }
    >
      <ExpiryField days={expiresInDays} onChange={setDays} mayNever={mayNever} />
      {after !== null && (
        <Field label={t("serviceAccounts.key.overlap")}>
          {(control) => (
            <Select {...control} value={overlapHours} onChange={({ target }) => setOverlap(Number(target.value))}>
              <option value={0}>{t("serviceAccounts.key.overlapNow")}</option>
              {overlaps.map((count) => (
                <option key={count} value={count}>
                  {t("serviceAccounts.key.overlapHours", { count })}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
    </Form>
  );
}

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { MadeKey } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Field, TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { ExpiryField, usualDays } from "./ExpiryField.tsx";
import { RightsFields, type ServiceRights } from "./RightsFields.tsx";
import { useAccountPlaces } from "./use-account-places.ts";

export function CreateAccountForm({ onMade }: { onMade: (made: MadeKey) => void }) {
  const { t } = useTranslation();
  const places = useAccountPlaces();
  const [name, setName] = useState("");
  const [placeId, setPlaceId] = useState("");
  const [rights, setRights] = useState<ServiceRights>({ role: "developer", permissions: null });
  const [days, setDays] = useState<number | null>(usualDays);
  const create = useMutation(trpc.serviceAccounts.create.mutationOptions({ onSuccess: onMade, gcTime: 0 }));
  const errors = useFormErrors(create.error, { INVALID_NAME: "name" });
  const place = places.find(({ id }) => id === placeId) ?? places[0];
  const mayNever = place?.isOwner === true;
  return (
    <Form
      isBusy={create.isPending}
      onSubmit={() => {
        if (place === undefined) return;
        const { role, permissions } = rights;
        const expiresInDays = mayNever ? days : (days ?? usualDays);
        create.mutate({
          name,
          placeId: place.id,
          role,
          permissions: permissions && [...permissions],
          expiresInDays,
        });
      }}
      problem={errors.general}
      footer={
        <Button
          type="submit"
          variant="primary"
          isBusy={create.isPending}
          disabled={place === undefined || name.trim() === "" || rights.permissions?.length === 0}
          className="self-end"
        >
          {t("serviceAccounts.create.submit")}
        </Button>
      }
    >
      <TextField
        label={t("serviceAccounts.create.name")}
        required
        dir="auto"
        autoComplete="off"
        value={name}
        onChange={({ target }) => setName(target.value)}
        error={errors.of("name")}
      />
      <Field label={t("serviceAccounts.create.place")}>
        {(control) => (
          <Select {...control} value={place?.id ?? ""} onChange={({ target }) => setPlaceId(target.value)}>
            {places.map(({ id, name: placeName }) => (
              <option key={id} value={id}>
                {placeName}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <RightsFields value={rights} onChange={setRights} />
      <ExpiryField days={days ?? (mayNever ? null : usualDays)} onChange={setDays} mayNever={mayNever} />
    </Form>
  );
}

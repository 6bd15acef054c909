import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Field, TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import type { NewInvitation } from "./InvitationLink.tsx";
import { rolesToGive, type GivenRole } from "./roles-to-give.ts";

const defaultDays = "7";

export function InviteForm({ isOwner, onMade }: { isOwner: boolean; onMade: (made: NewInvitation) => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<GivenRole>("developer");
  const [days, setDays] = useState(defaultDays);
  const invite = useMutation(
    trpc.invitations.create.mutationOptions({
      async onSuccess(made) {
        setEmail("");
        onMade(made);
        await queryClient.invalidateQueries(trpc.invitations.pathFilter());
      },
    }),
  );
  const errors = useFormErrors(invite.error);
  return (
    <Form
      isBusy={invite.isPending}
      onSubmit={() => invite.mutate({ email, role, days: Number(days) })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={invite.isPending} className="self-end">
          {t("invitations.send")}
        </Button>
      }
    >
      <TextField
        label={t("invitations.email")}
        type="email"
        required
        autoComplete="off"
        dir="ltr"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
        error={errors.of("email")}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("invitations.role")} error={errors.of("role")}>
          {(control) => (
            <Select {...control} value={role} onChange={(event) => setRole(event.target.value as GivenRole)}>
              {rolesToGive
                .filter((one) => isOwner || one !== "owner")
                .map((one) => (
                  <option key={one} value={one}>
                    {t(`invitations.roles.${one}`)}
                  </option>
                ))}
            </Select>
          )}
        </Field>
        <TextField
          label={t("invitations.days")}
          type="number"
          min={1}
          max={30}
          required
          value={days}
          onChange={(event) => setDays(event.target.value)}
          error={errors.of("days")}
        />
      </div>
    </Form>
  );
}

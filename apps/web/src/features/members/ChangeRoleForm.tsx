import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { roles, type Role } from "@quarterdeck/api/permissions";
import { wholeOrg } from "@quarterdeck/api/rights";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { MemberView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { toasts } from "../../ui/toasts.ts";
import { useMay } from "../access/use-may.ts";
import { roleGivenAt, withRole } from "./draft-rights.ts";
import { RightsPreview } from "./RightsPreview.tsx";
import { usePlaces } from "./use-places.ts";

const none = "none";

/** Gives a member a role somewhere, or takes it away; what that changes is shown before. */
export function ChangeRoleForm({ member, onDone }: { member: MemberView; onDone: () => void }) {
  const { t } = useTranslation();
  const places = usePlaces();
  const mayChangeOrg = useMay("members.manage");
  const organization = { id: "", place: wholeOrg, name: t("members.wholeOrg") };
  const choices = mayChangeOrg ? [organization, ...places] : places;
  const [placeId, setPlaceId] = useState("");
  const chosen = choices.find(({ id }) => id === placeId) ?? choices[0] ?? organization;
  const given = roleGivenAt(member, chosen.place);
  const [wanted, setWanted] = useState<{ placeId: string; role: Role | null } | null>(null);
  const role = wanted?.placeId === chosen.id ? wanted.role : given;
  const save = useChange(member, onDone);
  const errors = useFormErrors(save.error, {});
  const nameOf = ({ workspaceId, projectId }: typeof wholeOrg) =>
    places.find(({ id }) => id === (projectId ?? workspaceId))?.name ?? t("members.wholeOrg");
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ placeId: chosen.id, role })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={save.isPending} disabled={role === given} className="self-end">
          {t("members.change.apply")}
        </Button>
      }
    >
      <Field label={t("members.change.where")}>
        {(control) => (
          <Select {...control} value={chosen.id} onChange={({ target }) => setPlaceId(target.value)}>
            {choices.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label={t("members.change.role")}>
        {(control) => (
          <Select
            {...control}
            value={role ?? none}
            onChange={({ target: { value } }) =>
              setWanted({ placeId: chosen.id, role: roles.find((name) => name === value) ?? null })
            }
          >
            <option value={none}>{t("members.role.none")}</option>
            {roles.map((name) => (
              <option key={name} value={name}>
                {t(`members.role.${name}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {role !== given && (
        <RightsPreview
          who={member.email}
          before={member}
          after={withRole(member, chosen.place, role)}
          nameOf={nameOf}
        />
      )}
    </Form>
  );
}

function useChange({ userId }: MemberView, onDone: () => void) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const setRole = useMutation(trpc.members.setRole.mutationOptions());
  const setGrant = useMutation(trpc.members.setGrant.mutationOptions());
  const removeGrant = useMutation(trpc.members.removeGrant.mutationOptions());
  return useMutation({
    async mutationFn({ placeId, role }: { placeId: string; role: Role | null }) {
      const grant = { userId, placeId: placeId as WorkspaceId | ProjectId };
      if (placeId === "") await setRole.mutateAsync({ userId, role });
      else if (role === null) await removeGrant.mutateAsync(grant);
      else await setGrant.mutateAsync({ ...grant, role });
    },
    async onSuccess() {
      await queryClient.invalidateQueries(trpc.members.pathFilter());
      toasts.show(t("members.change.done"));
      onDone();
    },
  });
}

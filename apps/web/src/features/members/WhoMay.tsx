import type { OrgId, ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { permissionNames, type Permission } from "@quarterdeck/api/permissions";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Name } from "../../app/Name.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { usePlaces } from "./use-places.ts";

/** Who can do this? */
export function WhoMay({ orgId }: { orgId: OrgId }) {
  const { t } = useTranslation();
  const places = usePlaces();
  const [permission, setPermission] = useState<Permission>("tasks.run");
  const [placeId, setPlaceId] = useState<OrgId | WorkspaceId | ProjectId>(orgId);
  const query = useQuery(trpc.members.whoMay.queryOptions({ permission, placeId }));
  return (
    <Section title={t("members.whoMay.title")}>
      <Card className="flex flex-col gap-4 p-4">
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t("members.whoMay.what")}>
            {(control) => (
              <Select
                {...control}
                value={permission}
                onChange={({ target }) => setPermission(target.value as Permission)}
              >
                {permissionNames.map((name) => (
                  <option key={name} value={name}>
                    {t(`members.permission.${name}`)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label={t("members.whoMay.where")}>
            {(control) => (
              <Select {...control} value={placeId} onChange={({ target }) => setPlaceId(target.value as WorkspaceId)}>
                <option value={orgId}>{t("members.wholeOrg")}</option>
                {places.map(({ id, name }) => (
                  <option key={id} value={id}>
                    {name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
        <Loaded query={query} skeleton={<Skeleton className="h-12" />}>
          {(members) =>
            members.length === 0 ? (
              <p className="text-sm text-muted">{t("members.whoMay.nobody")}</p>
            ) : (
              <ul className="flex flex-col gap-1 text-sm">
                {members.map(({ userId, email, roles }) => (
                  <li key={userId} className="flex flex-wrap gap-x-2">
                    <Name>{email}</Name>
                    <span className="text-muted">{roles.map((role) => t(`members.role.${role}`)).join(", ")}</span>
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Card>
    </Section>
  );
}

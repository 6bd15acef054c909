import { permissionNames } from "@quarterdeck/api/permissions";
import { mayAt, wholeOrg, type Place } from "@quarterdeck/api/rights";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { MemberView } from "../../api/views.ts";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { usePlaces } from "./use-places.ts";

/** What can this person do, here and there? */
export function WhatMay({ member }: { member: MemberView }) {
  const { t } = useTranslation();
  const places = usePlaces();
  const [placeId, setPlaceId] = useState("");
  const place: Place = places.find(({ id }) => id === placeId)?.place ?? wholeOrg;
  const allowed = permissionNames.filter((name) => mayAt(member, name, place));
  return (
    <div className="flex flex-col gap-3">
      <Field label={t("members.whatMay.where")}>
        {(control) => (
          <Select {...control} value={placeId} onChange={({ target }) => setPlaceId(target.value)}>
            <option value="">{t("members.wholeOrg")}</option>
            {places.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {allowed.length === 0 ? (
        <p className="text-sm text-muted">{t("members.whatMay.nothing")}</p>
      ) : (
        <ul className="list-disc ps-5 text-sm">
          {allowed.map((name) => (
            <li key={name}>{t(`members.permission.${name}`)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

import {
  isAllowed,
  servicePermissions,
  serviceRoles,
  type ServicePermission,
  type ServiceRole,
} from "@quarterdeck/api/permissions";
import { useTranslation } from "react-i18next";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";

export interface ServiceRights {
  readonly role: ServiceRole;
  /** Nothing but these; null: all that the role gives. */
  readonly permissions: readonly ServicePermission[] | null;
}

export interface RightsFieldsProps {
  readonly value: ServiceRights;
  readonly onChange: (value: ServiceRights) => void;
}

/** A role, and what it is narrowed to. */
export function RightsFields({ value: { role, permissions }, onChange }: RightsFieldsProps) {
  const { t } = useTranslation();
  const given = servicePermissions.filter((name) => isAllowed(role, name));
  const toggle = (name: ServicePermission, isOn: boolean) =>
    onChange({
      role,
      permissions: given.filter((other) => (other === name ? isOn : (permissions ?? given).includes(other))),
    });
  return (
    <>
      <Field label={t("serviceAccounts.rights.role")}>
        {(control) => (
          <Select
            {...control}
            value={role}
            onChange={({ target: { value } }) =>
              onChange({ role: serviceRoles.find((name) => name === value) ?? role, permissions: null })
            }
          >
            {serviceRoles.map((name) => (
              <option key={name} value={name}>
                {t(`members.role.${name}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <fieldset className="flex min-w-0 flex-col gap-1.5">
        <legend className="mb-1.5 text-sm font-medium">{t("serviceAccounts.rights.permissions")}</legend>
        <Tick
          label={t("serviceAccounts.rights.all")}
          isOn={permissions === null}
          onChange={(isAll) => onChange({ role, permissions: isAll ? null : given })}
        />
        {permissions !== null &&
          given.map((name) => (
            <Tick
              key={name}
              label={t(`members.permission.${name}`)}
              isOn={permissions.includes(name)}
              onChange={(isOn) => toggle(name, isOn)}
            />
          ))}
        {permissions?.length === 0 && (
          <p role="alert" className="text-sm text-bad">
            {t("serviceAccounts.rights.none")}
          </p>
        )}
      </fieldset>
    </>
  );
}

function Tick({ label, isOn, onChange }: { label: string; isOn: boolean; onChange: (isOn: boolean) => void }) {
  return (
    <label className="flex items-start gap-2 text-sm">
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ target }) => onChange(target.checked)}
        className="mt-0.5 accent-accent"
      />
      {label}
    </label>
  );
}

import { useTranslation } from "react-i18next";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";

const choices = [7, 30, 90, 180, 365] as const;
const never = "never";

export const usualDays = 90;

export interface ExpiryFieldProps {
  /** Null: the key does not end by itself. */
  readonly days: number | null;
  readonly onChange: (days: number | null) => void;
  readonly mayNever: boolean;
}

export function ExpiryField({ days, onChange, mayNever }: ExpiryFieldProps) {
  const { t } = useTranslation();
  return (
    <Field label={t("serviceAccounts.expiry.label")}>
      {(control) => (
        <Select
          {...control}
          value={days ?? never}
          onChange={({ target: { value } }) => onChange(value === never ? null : Number(value))}
        >
          {choices.map((count) => (
            <option key={count} value={count}>
              {t("serviceAccounts.expiry.days", { count })}
            </option>
          ))}
          {mayNever && <option value={never}>{t("serviceAccounts.expiry.never")}</option>}
        </Select>
      )}
    </Field>
  );
}

import { useTranslation } from "react-i18next";
import { TextField } from "../../ui/Field.tsx";
import { usualDemandTexts, type DemandProblems, type DemandTexts } from "./demand-texts.ts";

export interface DemandFieldsProps {
  readonly value: DemandTexts;
  readonly onChange: (value: DemandTexts) => void;
  readonly errors: DemandProblems;
}

/** What a run reserves, for who knows it: closed until it is asked for, or until something is wrong with it. */
export function DemandFields({ value, onChange, errors }: DemandFieldsProps) {
  const { t } = useTranslation();
  const isWrong = errors.cpu !== undefined || errors.memory !== undefined;
  return (
    <details className="text-sm" {...(isWrong && { open: true })}>
      <summary className="cursor-pointer text-muted hover:text-ink">{t("runs.form.demand.title")}</summary>
      <div className="mt-2 flex flex-col gap-3">
        <p className="text-xs text-muted">{t("runs.form.demand.text")}</p>
        <div className="grid gap-3 sm:grid-cols-2">
          {(["cpu", "memory"] as const).map((name) => (
            <TextField
              key={name}
              label={t(`runs.form.demand.${name}`)}
              autoComplete="off"
              dir="ltr"
              placeholder={usualDemandTexts[name]}
              value={value[name]}
              onChange={(event) => onChange({ ...value, [name]: event.target.value })}
              error={errors[name]}
            />
          ))}
        </div>
      </div>
    </details>
  );
}

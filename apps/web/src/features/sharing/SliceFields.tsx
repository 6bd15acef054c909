import { useTranslation } from "react-i18next";
import { TextField } from "../../ui/Field.tsx";
import { readSlice, type SliceTexts } from "./slice-fields.ts";
import { sliceResources } from "./slice-resources.ts";

interface SliceFieldsProps {
  readonly texts: SliceTexts;
  readonly onChange: (texts: SliceTexts) => void;
  readonly weight: string;
  readonly onWeight: (weight: string) => void;
}

/** The size of a slice: a field for each limit, and its weight. */
export function SliceFields({ texts, onChange, weight, onWeight }: SliceFieldsProps) {
  const { t } = useTranslation();
  const { errors } = readSlice(texts);
  return (
    <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
      {sliceResources.map((name) => (
        <TextField
          key={name}
          label={t(`quotas.resource.${name}`)}
          autoComplete="off"
          dir="ltr"
          placeholder={t("quotas.noLimit")}
          value={texts[name] ?? ""}
          onChange={(event) => onChange({ ...texts, [name]: event.target.value })}
          error={errors[name]}
        />
      ))}
      <TextField
        label={t("sharing.given.weight")}
        hint={t("sharing.given.weightHint")}
        inputMode="numeric"
        dir="ltr"
        value={weight}
        onChange={(event) => onWeight(event.target.value)}
      />
    </div>
  );
}

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";
import { Field, TextField } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { emptyFilter, type FilterTexts } from "./filter-texts.ts";

/** Which entries are listed. It is applied when it is sent. */
export function AuditFilter({ onChange }: { onChange: (filter: FilterTexts) => void }) {
  const { t } = useTranslation();
  const [texts, setTexts] = useState<FilterTexts>(emptyFilter);
  const field = (name: keyof FilterTexts) => ({
    value: texts[name],
    onChange: ({ target }: { target: { value: string } }) => setTexts({ ...texts, [name]: target.value }),
  });
  return (
    <form
      role="search"
      aria-label={t("audit.filter.title")}
      className="grid grid-cols-2 gap-3 xl:grid-cols-4"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(texts);
      }}
    >
      <TextField type="search" dir="auto" maxLength={200} label={t("audit.filter.search")} {...field("search")} />
      <TextField dir="auto" maxLength={200} label={t("audit.filter.actor")} {...field("actor")} />
      <TextField dir="auto" maxLength={200} label={t("audit.filter.action")} {...field("action")} />
      <TextField dir="auto" maxLength={200} label={t("audit.filter.subject")} {...field("subject")} />
      <TextField type="date" label={t("audit.filter.from")} {...field("from")} />
      <TextField type="date" label={t("audit.filter.to")} {...field("to")} />
      <Field label={t("audit.filter.outcome")}>
        {(control) => (
          <Select {...control} {...field("outcome")}>
            <option value="">{t("audit.filter.anyOutcome")}</option>
            <option value="done">{t("audit.outcome.done")}</option>
            <option value="refused">{t("audit.outcome.refused")}</option>
          </Select>
        )}
      </Field>
      <div className="flex flex-wrap items-end gap-2">
        <Button type="submit" variant="primary">
          {t("audit.filter.apply")}
        </Button>
        <Button
          variant="ghost"
          onClick={() => {
            setTexts(emptyFilter);
            onChange(emptyFilter);
          }}
        >
          {t("audit.filter.clear")}
        </Button>
      </div>
    </form>
  );
}

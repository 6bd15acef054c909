import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { QuotaView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Field, TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { SaveFooter } from "../../ui/SaveFooter.tsx";
import { EditDialog } from "../../ui/EditDialog.tsx";
import { readWeight } from "./weight-field.ts";
import { printLimit, readLimits, resourcesOf, type LimitTexts } from "./limit-fields.ts";

export function ChangeLimitsDialog({ quota }: { quota: QuotaView }) {
  const { t } = useTranslation();
  return (
    <EditDialog title={t("quotas.change.title")} description={t("quotas.change.description")} isWide>
      {(close) => <ChangeLimitsForm quota={quota} onDone={close} />}
    </EditDialog>
  );
}

function ChangeLimitsForm({ quota, onDone }: { quota: QuotaView; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const names = resourcesOf(quota.kind);
  const presets = useQuery(trpc.quotas.presets.queryOptions());
  const [texts, setTexts] = useState<LimitTexts>(() =>
    Object.fromEntries(names.map((name) => [name, printLimit(name, quota.limits[name])])),
  );
  const [preset, setPreset] = useState("");
  const [weightText, setWeightText] = useState(String(quota.weight));
  const weight = readWeight(weightText);
  const { change, errors } = readLimits(quota.limits, texts);
  const save = useMutation(
    trpc.quotas.set.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.quotas.pathFilter());
        onDone();
      },
    }),
  );
  const isWrong = weight === null || Object.keys(errors).length > 0;
  const problem = useFormErrors(save.error);
  const choose = (name: string) => {
    setPreset(name);
    const chosen = presets.data?.find((one) => one.name === name);
    if (chosen === undefined) return;
    const { name: _name, ...limits } = chosen;
    const filled = Object.entries(limits).map(([key, limit]) => [key, printLimit(key as keyof typeof limits, limit)]);
    setTexts({ ...texts, ...Object.fromEntries(filled) });
  };
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => {
        if (isWrong) return;
        if (Object.keys(change).length === 0 && weight === quota.weight) onDone();
        else save.mutate({ nodeId: quota.nodeId, limits: change, ...(weight === quota.weight ? {} : { weight }) });
      }}
      problem={problem.general ?? problem.of("limits")}
      footer={<SaveFooter onCancel={onDone} isBusy={save.isPending} disabled={isWrong} />}
    >
      <Field label={t("quotas.change.preset")} hint={t("quotas.change.presetHint")}>
        {(control) => (
          <Select {...control} value={preset} onChange={(event) => choose(event.target.value)}>
            <option value="">{t("quotas.change.noPreset")}</option>
            {presets.data?.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <div className="grid gap-x-4 gap-y-3 sm:grid-cols-2">
        {names.map((name) => (
          <TextField
            key={name}
            label={t(`quotas.resource.${name}`)}
            autoComplete="off"
            dir="ltr"
            placeholder={t("quotas.noLimit")}
            value={texts[name] ?? ""}
            onChange={(event) => setTexts({ ...texts, [name]: event.target.value })}
            error={errors[name] ?? problem.of(`limits.${name}`)}
          />
        ))}
      </div>
      {quota.kind !== "org" && (
        <TextField
          label={t("quotas.change.weight")}
          hint={t("quotas.change.weightHint")}
          autoComplete="off"
          inputMode="numeric"
          dir="ltr"
          value={weightText}
          onChange={(event) => setWeightText(event.target.value)}
          error={weight === null ? t("quotas.change.weightProblem") : problem.of("weight")}
        />
      )}
    </Form>
  );
}

import { lifecycleStates, type LifecycleState } from "@quarterdeck/core/quota/lifecycle";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ProjectId } from "@quarterdeck/core/ids";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { QuotaView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { SaveFooter } from "../../ui/SaveFooter.tsx";
import { resourcesOf } from "./limit-fields.ts";
import { useAmountText } from "./use-amount-text.ts";

const tones = { active: "good", maintenance: "accent", suspended: "warn", archived: "neutral" } as const;

/** In which state of its life a project is, and the way into another with what that does to its limits. */
export function LifecycleSetting({ quota, state }: { quota: QuotaView; state: LifecycleState }) {
  const { t } = useTranslation();
  const leftText = useLeftText();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className="flex flex-wrap items-center justify-between gap-2 text-sm">
      <div className="flex min-w-0 flex-1 basis-64 flex-wrap items-center gap-2">
        <Badge tone={tones[state]}>{t(`quotas.lifecycle.${state}`)}</Badge>
        <span className="text-muted">{leftText(quota, state)}</span>
      </div>
      {quota.mayChange && <Button onClick={() => setIsOpen(true)}>{t("quotas.lifecycleChange.title")}</Button>}
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("quotas.lifecycleChange.heading")}
        description={t("quotas.lifecycleChange.description")}
        isWide
      >
        <LifecycleForm quota={quota} state={state} onDone={() => setIsOpen(false)} />
      </Dialog>
    </div>
  );
}

function LifecycleForm({ quota, state, onDone }: { quota: QuotaView; state: LifecycleState; onDone: () => void }) {
  const { t } = useTranslation();
  const leftText = useLeftText();
  const queryClient = useQueryClient();
  const [chosen, setChosen] = useState<LifecycleState>(state);
  const save = useMutation(
    trpc.quotas.setLifecycle.mutationOptions({
      async onSuccess() {
        await Promise.all([
          queryClient.invalidateQueries(trpc.quotas.pathFilter()),
          queryClient.invalidateQueries(trpc.projects.pathFilter()),
        ]);
        onDone();
      },
    }),
  );
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ projectId: quota.nodeId as ProjectId, state: chosen })}
      problem={save.error === null ? undefined : errorText(t, save.error)}
      footer={
        <SaveFooter onCancel={onDone} isBusy={save.isPending} disabled={chosen === state}>
          {t(`quotas.lifecycleChange.to.${chosen}`)}
        </SaveFooter>
      }
    >
      <Field label={t("quotas.lifecycleChange.state")} hint={leftText(quota, chosen)}>
        {(control) => (
          <Select
            {...control}
            value={chosen}
            onChange={({ target }) =>
              setChosen(lifecycleStates.find((candidate) => candidate === target.value) ?? chosen)
            }
          >
            {lifecycleStates.map((candidate) => (
              <option key={candidate} value={candidate}>
                {t(`quotas.lifecycle.${candidate}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <LifecyclePreview quota={quota} from={state} to={chosen} />
    </Form>
  );
}

/** What a state leaves of a quota, as the platform's operator set it. */
function useLeftText(): (quota: QuotaView, state: LifecycleState) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (quota, state) => {
    const factor = quota.states.find((one) => one.state === state)?.factor;
    if (factor === undefined) return "";
    const { runningPercent, storagePercent } = factor;
    const storage = format.percent(storagePercent / 100);
    if (runningPercent === 0) return t("quotas.lifecycleText.nothing", { storage });
    if (runningPercent === 100 && storagePercent === 100) return t("quotas.lifecycleText.all");
    return t("quotas.lifecycleText.part", { running: format.percent(runningPercent / 100), storage });
  };
}

function LifecyclePreview({ quota, from, to }: { quota: QuotaView; from: LifecycleState; to: LifecycleState }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  const limitsIn = (state: LifecycleState) => quota.states.find((one) => one.state === state)?.limits ?? {};
  const [now, then] = [limitsIn(from), limitsIn(to)];
  const columns = [
    { title: t("quotas.column.resource") },
    { title: t("quotas.lifecycleChange.now") },
    { title: t("quotas.lifecycleChange.then") },
  ];
  return (
    <Table isText label={t("quotas.lifecycleChange.preview")} columns={columns}>
      {resourcesOf("project").map((name) => (
        <tr key={name} data-resource={name}>
          <Cell>{t(`quotas.resource.${name}`)}</Cell>
          <Cell className="text-muted tabular-nums">{amountText(name, now[name])}</Cell>
          <Cell className={now[name] === then[name] ? "text-muted tabular-nums" : "font-medium tabular-nums"}>
            {amountText(name, then[name])}
          </Cell>
        </tr>
      ))}
    </Table>
  );
}

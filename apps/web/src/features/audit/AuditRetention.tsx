import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { AuditStandingView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";
import { Field } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { toasts } from "../../ui/toasts.ts";

const offered = [90, 365, 730, 1825];

/** How long entries are kept, and what was deleted by that. */
export function AuditRetention({ standing: { keptDays, cut } }: { standing: AuditStandingView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const org = useQuery(trpc.orgs.current.queryOptions());
  const [chosen, setChosen] = useState(keptDays);
  const save = useMutation(
    trpc.audit.setRetention.mutationOptions({
      async onSuccess() {
        await queryClient.invalidateQueries(trpc.audit.pathFilter());
        toasts.show(t("audit.retention.saved"));
      },
    }),
  );
  const errors = useFormErrors(save.error, {});
  const words = (days: number | null) =>
    days === null
      ? t("audit.retention.forEver")
      : t("audit.retention.days", { count: days, number: format.number(days) });
  const days = keptDays === null || offered.includes(keptDays) ? offered : [keptDays, ...offered];
  return (
    <Card className="flex flex-col gap-3 p-4 text-sm">
      {cut !== null && <p>{t("audit.retention.cut", { seq: cut.seq, when: format.dateTime(cut.atMs) })}</p>}
      {org.data?.role === "owner" ? (
        <Form
          isBusy={save.isPending}
          problem={errors.general}
          onSubmit={() => save.mutate({ keptDays: chosen })}
          footer={
            <Button
              type="submit"
              variant="primary"
              className="self-end"
              isBusy={save.isPending}
              disabled={chosen === keptDays}
            >
              {t("common.save")}
            </Button>
          }
        >
          <Field label={t("audit.retention.label")} hint={t("audit.retention.text")}>
            {(control) => (
              <Select
                {...control}
                value={chosen ?? ""}
                onChange={({ target }) => setChosen(target.value === "" ? null : Number(target.value))}
              >
                <option value="">{words(null)}</option>
                {days.map((one) => (
                  <option key={one} value={one}>
                    {words(one)}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </Form>
      ) : (
        <p>
          {words(keptDays)} <span className="text-muted">{t("audit.retention.onlyOwner")}</span>
        </p>
      )}
    </Card>
  );
}

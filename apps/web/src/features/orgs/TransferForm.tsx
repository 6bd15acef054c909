import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Button } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { toasts } from "../../ui/toasts.ts";

export function TransferForm() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const successors = useQuery(trpc.orgs.successors.queryOptions());
  const [chosen, setChosen] = useState<string | null>(null);
  const [asks, setAsks] = useState(false);
  const transfer = useMutation(
    trpc.orgs.transfer.mutationOptions({
      async onSuccess(_, { userId }) {
        setAsks(false);
        const email = successors.data?.find((one) => one.userId === userId)?.email ?? "";
        toasts.show(t("orgs.transfer.done", { email }));
        await queryClient.invalidateQueries(trpc.pathFilter());
      },
    }),
  );
  return (
    <Section title={t("orgs.transfer.title")}>
      <Card className="p-4">
        <p className="mb-4 text-sm text-muted">{t("orgs.transfer.text")}</p>
        <Loaded query={successors} skeleton={<Skeleton className="h-16" />}>
          {(members) => {
            const heir = members.find(({ userId }) => userId === chosen) ?? members[0];
            if (heir === undefined) return <p className="text-sm">{t("orgs.transfer.nobody")}</p>;
            return (
              <div className="flex flex-wrap items-end gap-3">
                <div className="min-w-0 flex-1 basis-64">
                  <Field label={t("orgs.transfer.member")}>
                    {(control) => (
                      <Select {...control} value={heir.userId} onChange={(event) => setChosen(event.target.value)}>
                        {members.map(({ userId, email }) => (
                          <option key={userId} value={userId}>
                            {email}
                          </option>
                        ))}
                      </Select>
                    )}
                  </Field>
                </div>
                <Button variant="danger" onClick={() => setAsks(true)}>
                  {t("orgs.transfer.submit")}
                </Button>
                <ConfirmDialog
                  isOpen={asks}
                  onOpenChange={setAsks}
                  title={t("orgs.transfer.confirmTitle")}
                  confirmLabel={t("orgs.transfer.submit")}
                  cancelLabel={t("common.cancel")}
                  isBusy={transfer.isPending}
                  problem={transfer.error === null ? null : errorText(t, transfer.error)}
                  onConfirm={() => transfer.mutate({ userId: heir.userId })}
                >
                  {t("orgs.transfer.confirmText", { email: heir.email })}
                </ConfirmDialog>
              </div>
            );
          }}
        </Loaded>
      </Card>
    </Section>
  );
}

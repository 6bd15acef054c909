import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Button } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { toasts } from "../../ui/toasts.ts";

/** Whether anybody may make an account. Opening it asks first. */
export function SignUpSetting() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isAsking, setIsAsking] = useState(false);
  const query = useQuery(trpc.operator.settings.queryOptions());
  const change = useMutation(
    trpc.operator.setSignUp.mutationOptions({
      onSuccess(settings) {
        queryClient.setQueryData(trpc.operator.settings.queryKey(), settings);
        setIsAsking(false);
      },
      onError: (error) => toasts.show(errorText(t, error)),
    }),
  );
  return (
    <Section title={t("operator.signUp.title")}>
      <Loaded query={query} skeleton={<Skeleton className="h-16" />}>
        {({ isSignUpOpen }) => (
          <Card className="flex flex-wrap items-center justify-between gap-3 p-4 text-sm">
            <p className="min-w-0 flex-1 basis-64">
              {isSignUpOpen ? t("operator.signUp.open") : t("operator.signUp.closed")}
            </p>
            {isSignUpOpen ? (
              <Button isBusy={change.isPending} onClick={() => change.mutate({ isOpen: false })}>
                {t("operator.signUp.closeIt")}
              </Button>
            ) : (
              <Button onClick={() => setIsAsking(true)}>{t("operator.signUp.openIt")}</Button>
            )}
          </Card>
        )}
      </Loaded>
      <ConfirmDialog
        isOpen={isAsking}
        onOpenChange={setIsAsking}
        title={t("operator.signUp.question")}
        confirmLabel={t("operator.signUp.openIt")}
        cancelLabel={t("operator.signUp.keepClosed")}
        variant="primary"
        isBusy={change.isPending}
        problem={change.error && errorText(t, change.error)}
        onConfirm={() => change.mutate({ isOpen: true })}
      >
        <p>{t("operator.signUp.text")}</p>
      </ConfirmDialog>
    </Section>
  );
}

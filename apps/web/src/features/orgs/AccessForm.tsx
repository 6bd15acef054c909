import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toApiError } from "../../api/api-error.ts";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Field, inputClasses } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { toasts } from "../../ui/toasts.ts";

/** From where members may come in, and whether with a password alone. */
export function AccessForm() {
  const { t } = useTranslation();
  const access = useQuery(trpc.orgs.access.queryOptions());
  return (
    <Section title={t("orgs.access.title")}>
      <Card className="flex flex-col gap-6 p-4">
        <Loaded query={access} skeleton={<Skeleton className="h-40" />}>
          {({ addresses, requiresMfa, yourAddress }) => (
            <>
              <AddressForm key={addresses.join()} addresses={addresses} yourAddress={yourAddress} />
              <MfaDemand requiresMfa={requiresMfa} />
            </>
          )}
        </Loaded>
      </Card>
    </Section>
  );
}

function AddressForm({ addresses, yourAddress }: { addresses: readonly string[]; yourAddress: string }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [text, setText] = useState(addresses.join("\n"));
  const [asks, setAsks] = useState(false);
  const save = useMutation(
    trpc.orgs.setAddresses.mutationOptions({
      async onSuccess() {
        setAsks(false);
        toasts.show(t("orgs.access.saved"));
        await queryClient.invalidateQueries(trpc.orgs.pathFilter());
      },
      onError: (error) => setAsks(toApiError(error).code === "CONFLICT" && !asks),
    }),
  );
  const wanted = text.split(/[\s,]+/).filter((part) => part !== "");
  const problem = save.error === null || asks ? undefined : (fieldProblem(save.error) ?? errorText(t, save.error));
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ addresses: wanted })}
      problem={undefined}
      footer={
        <Button
          type="submit"
          variant="primary"
          isBusy={save.isPending}
          disabled={wanted.join() === addresses.join()}
          className="self-end"
        >
          {t("common.save")}
        </Button>
      }
    >
      <Field
        label={t("orgs.access.addresses")}
        hint={t("orgs.access.addressesHint", { address: yourAddress })}
        error={problem}
      >
        {(control) => (
          <textarea
            {...control}
            dir="ltr"
            rows={4}
            spellCheck={false}
            className={`${inputClasses} font-mono`}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      <ConfirmDialog
        isOpen={asks}
        onOpenChange={setAsks}
        title={t("orgs.access.shutOutTitle")}
        confirmLabel={t("orgs.access.shutOutConfirm")}
        cancelLabel={t("common.cancel")}
        isBusy={save.isPending}
        problem={null}
        onConfirm={() => save.mutate({ addresses: wanted, shutsMeOut: true })}
      >
        {t("orgs.access.shutOutText", { address: yourAddress })}
      </ConfirmDialog>
    </Form>
  );
}

/** The list is one field to people, and one for each entry to the platform. */
function fieldProblem(error: unknown): string | undefined {
  return Object.values(toApiError(error).fields)[0];
}

function MfaDemand({ requiresMfa }: { requiresMfa: boolean }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const demand = useMutation(
    trpc.orgs.setMfaRequired.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.orgs.pathFilter()),
    }),
  );
  return (
    <div className="flex flex-col gap-2 border-t border-line pt-4">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <div className="min-w-0 flex-1 basis-64">
          <h3 className="text-sm font-medium">{t("orgs.access.mfa")}</h3>
          <p className="text-xs text-muted">{t("orgs.access.mfaHint")}</p>
        </div>
        <Button isBusy={demand.isPending} onClick={() => demand.mutate({ isRequired: !requiresMfa })}>
          {requiresMfa ? t("orgs.access.mfaWaive") : t("orgs.access.mfaDemand")}
        </Button>
      </div>
      {demand.error !== null && <Alert tone="bad">{errorText(t, demand.error)}</Alert>}
    </div>
  );
}

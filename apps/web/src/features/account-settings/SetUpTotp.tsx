import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { toasts } from "../../ui/toasts.ts";
import { QrCode } from "./QrCode.tsx";
import { useAccountChanged } from "./use-account-changed.ts";

interface SetUpTotpProps {
  /** The codes that came with it, if it is the account's first second factor. */
  readonly onCodes: (codes: readonly string[] | null) => void;
}

interface Enrolment {
  readonly secret: string;
  readonly uri: string;
}

/** Shows the secret to an authenticator app, and asks for its first code. */
export function SetUpTotp({ onCodes }: SetUpTotpProps) {
  const { t } = useTranslation();
  const [enrolment, setEnrolment] = useState<Enrolment | null>(null);
  const start = useMutation(
    trpc.account.startTotp.mutationOptions({
      onSuccess: setEnrolment,
      onError: (error) => toasts.show(errorText(t, error)),
    }),
  );
  return (
    <>
      <Button isBusy={start.isPending} onClick={() => start.mutate()}>
        {t("account.twoStep.setUp")}
      </Button>
      <Dialog
        isOpen={enrolment !== null}
        onOpenChange={() => setEnrolment(null)}
        title={t("account.twoStep.scan")}
        description={t("account.twoStep.scanText")}
      >
        {enrolment !== null && (
          <div className="flex flex-col gap-4">
            <QrCode text={enrolment.uri} label={t("account.twoStep.qr")} />
            <CodeBlock text={enrolment.secret} label={t("account.twoStep.typeIn")} />
            <ConfirmForm
              onConfirmed={(codes) => {
                setEnrolment(null);
                onCodes(codes);
              }}
            />
          </div>
        )}
      </Dialog>
    </>
  );
}

function ConfirmForm({ onConfirmed }: { onConfirmed: SetUpTotpProps["onCodes"] }) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const accountChanged = useAccountChanged();
  const confirm = useMutation(
    trpc.account.confirmTotp.mutationOptions({
      async onSuccess({ recoveryCodes }) {
        onConfirmed(recoveryCodes);
        await accountChanged();
      },
    }),
  );
  const errors = useFormErrors(confirm.error, { WRONG_CODE: "code" });
  return (
    <Form
      isBusy={confirm.isPending}
      onSubmit={() => confirm.mutate({ code })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={confirm.isPending} className="self-end">
          {t("account.twoStep.confirm")}
        </Button>
      }
    >
      <TextField
        label={t("account.twoStep.code")}
        required
        autoFocus
        inputMode="numeric"
        autoComplete="one-time-code"
        dir="ltr"
        value={code}
        onChange={(event) => setCode(event.target.value)}
        error={errors.of("code")}
      />
    </Form>
  );
}

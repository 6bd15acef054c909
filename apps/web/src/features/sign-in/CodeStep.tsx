import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import type { SignedIn } from "./use-enter.ts";

interface CodeStepProps {
  readonly pendingToken: string;
  /** Otherwise only a recovery code can be typed in. */
  readonly hasTotp: boolean;
  readonly onSignedIn: (signedIn: SignedIn) => void;
}

/** The second step of signing in, with a code. */
export function CodeStep({ pendingToken, hasTotp, onSignedIn }: CodeStepProps) {
  const { t } = useTranslation();
  const [code, setCode] = useState("");
  const confirm = useMutation(trpc.auth.signInWithCode.mutationOptions({ onSuccess: onSignedIn }));
  const errors = useFormErrors(confirm.error, { WRONG_CODE: "code" });
  return (
    <Form
      isBusy={confirm.isPending}
      onSubmit={() => confirm.mutate({ pendingToken, code })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={confirm.isPending} className="h-9">
          {t("auth.secondStep.submit")}
        </Button>
      }
    >
      <TextField
        label={t("auth.secondStep.code")}
        required
        autoFocus
        autoComplete="one-time-code"
        dir="ltr"
        value={code}
        onChange={(event) => setCode(event.target.value)}
        hint={hasTotp ? t("auth.secondStep.codeHint") : t("auth.secondStep.recoveryHint")}
        error={errors.of("code")}
      />
    </Form>
  );
}

import { useMutation, useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { stepUp } from "../../api/step-up.ts";
import { trpc, trpcClient } from "../../api/trpc.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { answerWithPasskey } from "../sign-in/passkey-ceremony.ts";
import { usePasskeyProblem } from "../sign-in/use-passkey-problem.ts";

/** The one place where somebody proves again who they are; the calls that wait for it are then made. */
export function StepUpDialog() {
  const { t } = useTranslation();
  const isAsked = useSyncExternalStore(stepUp.subscribe, stepUp.isAsked);
  return (
    <Dialog
      isOpen={isAsked}
      onOpenChange={(isOpen) => !isOpen && stepUp.answer(false)}
      title={t("account.stepUp.title")}
      description={t("account.stepUp.text")}
    >
      <Proofs />
    </Dialog>
  );
}

/** What this account can prove itself with. */
function Proofs() {
  const options = useQuery({
    queryKey: ["step-up-options"],
    queryFn: () => trpcClient.account.stepUpOptions.mutate(),
    gcTime: 0, // A challenge is good once.
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Loaded query={options} skeleton={<Skeleton className="h-24" />}>
      {({ password, passkey }) => (
        <div className="flex flex-col gap-4">
          {passkey !== null && <PasskeyProof onFailed={() => void options.refetch()} passkey={passkey} />}
          <TypedProof kind={password ? "password" : "code"} />
        </div>
      )}
    </Loaded>
  );
}

interface PasskeyProofProps {
  readonly passkey: Parameters<typeof answerWithPasskey>[0];
  readonly onFailed: () => void;
}

function PasskeyProof({ passkey, onFailed }: PasskeyProofProps) {
  const { t } = useTranslation();
  const prove = useMutation({
    mutationFn: async () =>
      trpcClient.account.stepUp.mutate({ kind: "passkey", response: await answerWithPasskey(passkey) }),
    onSuccess: () => stepUp.answer(true),
    onError: onFailed,
  });
  const problem = usePasskeyProblem(prove.error);
  return (
    <>
      <Button className="h-9" isBusy={prove.isPending} onClick={() => prove.mutate()}>
        {!prove.isPending && <KeyRound aria-hidden />}
        {t("account.stepUp.passkey")}
      </Button>
      {problem !== undefined && <Alert tone="bad">{problem}</Alert>}
    </>
  );
}

function TypedProof({ kind }: { kind: "password" | "code" }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const prove = useMutation(trpc.account.stepUp.mutationOptions({ onSuccess: () => stepUp.answer(true) }));
  const errors = useFormErrors(prove.error, { WRONG_CREDENTIALS: "text", WRONG_CODE: "text" });
  const isPassword = kind === "password";
  return (
    <Form
      isBusy={prove.isPending}
      onSubmit={() => prove.mutate(isPassword ? { kind, password: text } : { kind: "code", code: text })}
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={prove.isPending} className="self-end">
          {t("account.stepUp.submit")}
        </Button>
      }
    >
      <TextField
        label={isPassword ? t("account.stepUp.password") : t("account.stepUp.code")}
        type={isPassword ? "password" : "text"}
        required
        autoFocus
        autoComplete={isPassword ? "current-password" : "one-time-code"}
        dir="ltr"
        value={text}
        onChange={(event) => setText(event.target.value)}
        {...(isPassword ? {} : { hint: t("account.stepUp.codeHint") })}
        error={errors.of("text") ?? errors.of("code") ?? errors.of("password")}
      />
    </Form>
  );
}

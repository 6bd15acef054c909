import { useMutation } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { signInWithPasskey } from "./passkey-ceremony.ts";
import type { SignedIn } from "./use-enter.ts";
import { usePasskeyProblem } from "./use-passkey-problem.ts";

interface PasskeyButtonProps {
  readonly label: string;
  /** The sign-in whose second step it is; null where it is all of it. */
  readonly pendingToken: string | null;
  readonly onSignedIn: (signedIn: SignedIn) => void;
}

export function PasskeyButton({ label, pendingToken, onSignedIn }: PasskeyButtonProps) {
  const signIn = useMutation({ mutationFn: () => signInWithPasskey(pendingToken), onSuccess: onSignedIn });
  const problem = usePasskeyProblem(signIn.error);
  return (
    <div className="flex flex-col gap-3">
      <Button className="h-9" isBusy={signIn.isPending} onClick={() => signIn.mutate()}>
        {!signIn.isPending && <KeyRound aria-hidden />}
        {label}
      </Button>
      {problem !== undefined && <Alert tone="bad">{problem}</Alert>}
    </div>
  );
}

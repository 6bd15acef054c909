import type { ReactNode } from "react";
import { Alert } from "./Alert.tsx";

export interface FormProps {
  readonly isBusy: boolean;
  readonly onSubmit: () => void;
  /** What is wrong apart from the fields. */
  readonly problem: string | undefined;
  /** The fields. */
  readonly children: ReactNode;
  /** The button that sends it, and what stands beside it. */
  readonly footer: ReactNode;
}

/** Fields, what is wrong with them together, and a button. While it is under way it is not sent again. */
export function Form({ isBusy, onSubmit, problem, children, footer }: FormProps) {
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) onSubmit();
      }}
    >
      {children}
      {problem !== undefined && <Alert tone="bad">{problem}</Alert>}
      {footer}
    </form>
  );
}

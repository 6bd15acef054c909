import type { AppRouter } from "@quarterdeck/api/router-type";
import type { TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { toApiError } from "./api-error.ts";
import { stepUp } from "./step-up.ts";

/**
 * Where the platform wants to know that it is still the same person, asks them and makes the call again: once. Not for what a
 * page reads by itself, unless the call says so (`asksForProof`).
 */
export const stepUpLink: TRPCLink<AppRouter> =
  () =>
  ({ next, op }) =>
    observable((observer) => {
      const { next: onNext, complete: onComplete } = observer;
      let current = next(op).subscribe({
        next: (value) => onNext(value),
        complete: () => onComplete(),
        error(error) {
          const mayAsk = op.type === "mutation" || op.context["asksForProof"] === true;
          if (!mayAsk || toApiError(error).code !== "STEP_UP_REQUIRED") {
            observer.error(error);
            return;
          }
          void stepUp.ask().then((isProved) => {
            if (isProved) current = next(op).subscribe(observer);
            else observer.error(error);
          });
        },
      });
      return () => current.unsubscribe();
    });

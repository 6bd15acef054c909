import { startAuthentication, startRegistration, WebAuthnError } from "@simplewebauthn/browser";
import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import { trpcClient } from "../../api/trpc.ts";

type Outputs = inferRouterOutputs<AppRouter>;
type Inputs = inferRouterInputs<AppRouter>;
export type PasskeyAnswer = Inputs["auth"]["signInWithPasskey"]["response"];

/** The person closed the browser's question, or there was nothing to choose: nothing is wrong with the platform. */
export class PasskeyCancelled extends Error {
  override readonly name = "PasskeyCancelled";
}

/** Asks for a passkey that there is. */
export function answerWithPasskey(optionsJSON: Outputs["auth"]["passkeyOptions"]): Promise<PasskeyAnswer> {
  return asking(startAuthentication({ optionsJSON: optionsJSON as never }));
}

/** Makes a passkey and gives it to the account. */
export async function addPasskey(name: string): Promise<Outputs["account"]["addPasskey"]> {
  const optionsJSON = await trpcClient.account.startPasskey.mutate();
  const response = await asking(startRegistration({ optionsJSON: optionsJSON as never }));
  return trpcClient.account.addPasskey.mutate({ name, response });
}

/** Signs in with a passkey, as the second step of a sign-in or as all of it. */
export async function signInWithPasskey(pendingToken: string | null): Promise<Outputs["auth"]["signInWithPasskey"]> {
  const options = await trpcClient.auth.passkeyOptions.mutate({ pendingToken });
  return trpcClient.auth.signInWithPasskey.mutate({ pendingToken, response: await answerWithPasskey(options) });
}

async function asking<T>(ceremony: Promise<T>): Promise<T> {
  try {
    return await ceremony;
  } catch (error) {
    const isAnswer = error instanceof WebAuthnError || error instanceof DOMException;
    throw isAnswer ? new PasskeyCancelled(error.message, { cause: error }) : error;
  }
}

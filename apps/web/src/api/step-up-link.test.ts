import type { AppRouter } from "@quarterdeck/api/router-type";
import { createTRPCClient, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { afterEach, expect, it } from "vitest";
import { stepUpLink } from "./step-up-link.ts";
import { stepUp } from "./step-up.ts";

const refused = () =>
  TRPCClientError.from<AppRouter>({
    error: { code: -32_003, message: "again", data: { code: "STEP_UP_REQUIRED" } },
  } as never);

/** A platform that refuses the first calls, and what was asked of it. */
function clientOf(refusals: number) {
  const calls: string[] = [];
  const platform: TRPCLink<AppRouter> =
    () =>
    ({ op }) =>
      observable((observer) => {
        calls.push(op.path);
        if (calls.length <= refusals) observer.error(refused());
        else {
          observer.next({ result: { data: null } });
          observer.complete();
        }
      });
  return { calls, client: createTRPCClient<AppRouter>({ links: [stepUpLink, platform] }) };
}

function answerNext(isProved: boolean): void {
  const stop = stepUp.subscribe(() => {
    if (!stepUp.isAsked()) return;
    stop();
    stepUp.answer(isProved);
  });
}

afterEach(() => stepUp.answer(false));

it("makes a mutation again after its person has proved who they are", async () => {
  const { calls, client } = clientOf(1);
  answerNext(true);
  expect(await client.account.removeTotp.mutate()).toBeNull();
  expect(calls).toEqual(["account.removeTotp", "account.removeTotp"]);
});

it("asks once, however often it is refused, and hands over the refusal where nobody proves anything", async () => {
  const twice = clientOf(2);
  answerNext(true);
  await expect(twice.client.account.removeTotp.mutate()).rejects.toThrow("again");
  expect(twice.calls).toHaveLength(2);
  const never = clientOf(1);
  answerNext(false);
  await expect(never.client.account.removeTotp.mutate()).rejects.toThrow("again");
  expect(never.calls).toHaveLength(1);
});

it("asks one question for calls that wait at the same time", async () => {
  const [a, b] = [clientOf(1), clientOf(1)];
  const both = Promise.all([a.client.account.removeTotp.mutate(), b.client.account.removePassword.mutate()]);
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(stepUp.isAsked()).toBe(true);
  stepUp.answer(true);
  expect(await both).toEqual([null, null]);
});

import { Secret, TOTP } from "otpauth";
import { createClient, type QuarterdeckClient } from "../src/client.ts";
import type { ApiProcess } from "./api-process.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { owner, refusalOf, tokenIn } from "./test-api.ts";

/** Uses a credential at a platform, and answers the code of the refusal. */
type Use = (at: ApiProcess) => Promise<string>;

const slice = { limits: { cpu: 1000, memory: 2 ** 30, disk: 2 ** 33, runs: 2 }, weight: 3 };
const tokenOf = (link: string) => link.split("token=")[1] ?? "";

/** What lets somebody in, or further, without a session: one of each kind, with how it is used. */
export async function handOutCredentials(api: ApiProcess): Promise<Record<string, Use>> {
  const { invitations, auth, servers, sharing, operator } = api.client.api;
  const invited = await invitations.create.mutate({ email: "grace@example.com", role: "viewer" });
  const second = { email: "joan@example.com", password: "a barge of quiet lanterns" };
  const { link } = await invitations.create.mutate({ email: second.email, role: "viewer" });
  const pending = await signInHalfway(createClient({ url: api.url }), { ...second, token: tokenOf(link) });
  await auth.requestReset.mutate({ email: owner.email });
  const [reset] = await operator.pendingLinks.query();
  const { serverId } = await enrol(api, (await servers.createEnrolment.mutate({})).command);
  const { command } = await servers.createEnrolment.mutate({});
  const { code: shareCode } = await sharing.offer.mutate({ serverId, label: "Hall", ...slice });
  const password = "another barge of lanterns";
  return {
    invitation: ({ client }) =>
      codeOf(client.api.invitations.acceptAsNew.mutate({ token: tokenOf(invited.link), password })),
    "account link": ({ client }) =>
      codeOf(client.api.auth.resetPassword.mutate({ token: tokenOf(reset?.url ?? ""), password })),
    "pending sign-in": ({ client }) => codeOf(client.api.auth.signInWithCode.mutate(pending())),
    "enrolment command": (at) =>
      enrol(at, command).then(
        () => "enrolled",
        (error: unknown) => String(error),
      ),
    "share code": async ({ client }) => {
      await client.api.auth.signIn.mutate(owner);
      return codeOf(client.api.sharing.readOffer.mutate({ code: shareCode }));
    },
  };
}

async function enrol({ url }: ApiProcess, command: string) {
  return (await FakeBridge.create()).enrol(url, tokenIn(command));
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await refusalOf(call)).code;
}

/** Makes an account with an authenticator app, and signs in to it as far as the password. */
async function signInHalfway(
  { api, close }: QuarterdeckClient,
  { email, password, token }: { email: string; password: string; token: string },
) {
  await api.invitations.acceptAsNew.mutate({ token, password });
  const { secret } = await api.account.startTotp.mutate();
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const { recoveryCodes } = await api.account.confirmTotp.mutate({ code: totp.generate() });
  const answer = await api.auth.signIn.mutate({ email, password });
  await close();
  if (answer.step !== "secondFactor") throw new Error("it asked for no second factor");
  return () => ({ pendingToken: answer.pendingToken, code: recoveryCodes?.[0] ?? "" });
}

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChainId } from "@quarterdeck/core/audit/chain";
import { Secret, TOTP } from "otpauth";
import { expect, test } from "vitest";
import { csvLines, ndjsonLines } from "../src/audit/export-lines.ts";
import { listPendingLinks } from "../src/auth/links/pending-links.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { keepHouse } from "../src/housekeeping.ts";
import { untilChained } from "./audit-chained.ts";
import { holdsCanary, makeCanary, type Canary } from "./canary.ts";
import { newId, refusalOf, TestApi, tokenIn } from "./test-api.ts";

/** Everything that is kept or said: each table, the database's files, the log, the exports of each chain. */
async function everything(platform: TestApi): Promise<Map<string, Buffer | string>> {
  const { runtime, database } = platform.api;
  const places = new Map<string, Buffer | string>();
  const { rows } = await database.client.execute("select name from sqlite_master where type = 'table'");
  for (const { name } of rows as unknown as { name: string }[]) {
    const table = await database.client.execute(`select * from "${name}"`);
    places.set(`table ${name}`, JSON.stringify(table.rows));
  }
  for (const file of await readdir(platform.dataDir)) {
    if (file.startsWith("quarterdeck.db")) places.set(file, await readFile(join(platform.dataDir, file)));
  }
  places.set("log", platform.logLines.join("\n"));
  const chains = await database.client.execute(`select "chainId" from audit_chains`);
  for (const { chainId } of chains.rows as unknown as { chainId: ChainId }[]) {
    for (const [kind, lines] of [
      ["ndjson", ndjsonLines],
      ["csv", csvLines],
    ] as const) {
      let text = "";
      for await (const piece of lines(runtime, { chainId, filter: {} })) text += piece;
      places.set(`${kind} of ${chainId}`, text);
    }
  }
  return places;
}

/** What an account is proved with, each made, tried wrongly and used; by its name. */
async function accountSecrets(platform: TestApi, client: QuarterdeckClient): Promise<[string, string][]> {
  const { api } = client;
  const email = "grace@example.com";
  const password = makeCanary("invited-password").text;
  const { link } = await api.invitations.create.mutate({ email, role: "viewer" });
  const invited = link.split("#token=")[1] ?? "";
  const guest = platform.client();
  await guest.api.invitations.acceptAsNew.mutate({ token: invited, password });
  await guest.api.auth.requestReset.mutate({ email });
  const [pending] = await listPendingLinks(platform.api.runtime);
  const reset = pending?.url.split("#token=")[1] ?? "";
  const another = makeCanary("reset-password").text;
  await refusalOf(guest.api.auth.resetPassword.mutate({ token: `${reset}x`, password: another }));
  await guest.api.auth.resetPassword.mutate({ token: reset, password: another });
  // A link that waits for the operator, so its token is in the database, sealed.
  await guest.api.auth.requestReset.mutate({ email });
  const waiting = (await listPendingLinks(platform.api.runtime))[0]?.url.split("#token=")[1] ?? "";
  await guest.api.auth.signIn.mutate({ email, password: another });
  const { secret } = await guest.api.account.startTotp.mutate();
  const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate();
  const { recoveryCodes } = await guest.api.account.confirmTotp.mutate({ code });
  const [used = "", unused = ""] = recoveryCodes ?? [];
  const { challenge } = await guest.api.account.startPasskey.mutate();
  const answer = await guest.api.auth.signIn.mutate({ email, password: another });
  if (answer.step !== "secondFactor") throw new Error("it asked for no second factor");
  const { pendingToken } = answer;
  await refusalOf(guest.api.auth.signInWithCode.mutate({ pendingToken, code: `${unused}0` }));
  await guest.api.auth.signInWithCode.mutate({ pendingToken, code: used });
  const request = await guest.api.auth.passkeyOptions.mutate({ pendingToken: null });
  return Object.entries({
    invited,
    password,
    reset,
    another,
    waiting,
    secret,
    hexSecret: Secret.fromBase32(secret).hex.toLowerCase(),
    base64Secret: Buffer.from(Secret.fromBase32(secret).buffer).toString("base64").replaceAll("=", ""),
    used,
    unused,
    bareCode: unused.replaceAll("-", ""),
    pendingToken,
    challenge,
    requested: request.challenge,
  });
}

test("no password, token, link, code, second factor or secret of a task is in any table, log, event or export, in whatever encoding [E1]", {
  timeout: 90_000,
}, async () => {
  await using platform = await TestApi.start();
  const [password, wrong, wrongSetup, wrongEnrol, wrongSession, variable, input] = [
    "password",
    "wrong-password",
    "wrong-set-up",
    "wrong-enrol",
    "wrong-session",
    "variable",
    "input",
  ].map(makeCanary) as [Canary, Canary, Canary, Canary, Canary, Canary, Canary];
  const visible = makeCanary("visible");
  const setupToken = await platform.setupToken();
  const client = platform.client();
  const account = { email: "ada@example.com", password: password.text };
  const setUp = (token: string) => client.api.auth.setUp.mutate({ ...account, setupToken: token, orgName: "Orchard" });
  expect((await refusalOf(setUp(wrongSetup.text))).code).toBe("TOKEN_INVALID");
  await setUp(setupToken);
  await client.api.auth.signIn.mutate(account);
  expect((await refusalOf(client.api.auth.signIn.mutate({ ...account, password: wrong.text }))).code).toBe(
    "WRONG_CREDENTIALS",
  );
  const { command } = await client.api.servers.createEnrolment.mutate({});
  const { serverId, bridge, workspaceId } = await platform.withWorkspace(client);
  const guess = await bridge.enrolRequest(wrongEnrol.text);
  await fetch(`${platform.origin}/enrol`, { method: "POST", body: JSON.stringify(guess) });
  const headers = {
    authorization: `Bearer ${encodeURIComponent(wrongSession.text)}`,
    "content-type": "application/json",
  };
  const mutate = (path: string, body: unknown, more: Record<string, string> = {}) =>
    fetch(`${platform.origin}/trpc/${path}`, {
      method: "POST",
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
    });
  expect((await mutate("orgs.rename", { name: "x" })).status).toBe(401);
  // Refused by what it asks for, with the secrets in it.
  const task = {
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: [] },
    secretInput: { environment: { API_TOKEN: variable.text }, stdin: input.text },
  };
  const session = { authorization: `Bearer ${client.sessionToken()}` };
  expect((await mutate("tasks.submit", { ...task, [`x`]: password.text }, session)).status).toBe(400);
  expect((await mutate("tasks.submit", { ...task, workspaceId: newId("workspace") }, session)).status).toBe(404);
  const sent = await mutate("tasks.submit", task, session);
  expect([sent.status, await platform.relay.hasEntries(serverId, 1)]).toEqual([200, expect.anything()]);
  const ofAccount = await accountSecrets(platform, client);
  await client.api.orgs.rename.mutate({ name: visible.text });
  await untilChained(platform);
  await keepHouse(platform.api.runtime);

  const places = await everything(platform);
  const where = (canary: Canary) => [...places].filter(([, held]) => holdsCanary(held, canary)).map(([name]) => name);
  // What is no secret is found, so the search is not blind.
  expect(where(visible)).toEqual(
    expect.arrayContaining([
      "table orgs",
      "table audit_entries",
      expect.stringMatching(/^ndjson/),
      expect.stringMatching(/^csv/),
    ]),
  );
  const tokens = { setUp: setupToken, enrolment: tokenIn(command), session: client.sessionToken() ?? "" };
  for (const [name, text] of [...Object.entries(tokens), ...ofAccount]) {
    expect(text.length).toBeGreaterThan(15);
    expect([name, where({ name, text })]).toEqual([name, []]);
  }
  for (const canary of [password, wrong, wrongSetup, wrongEnrol, wrongSession, variable, input])
    expect([canary.name, where(canary)]).toEqual([canary.name, []]);
});

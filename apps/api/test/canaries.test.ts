import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ChainId } from "@quarterdeck/core/audit/chain";
import { expect, test } from "vitest";
import { csvLines, ndjsonLines } from "../src/audit/export-lines.ts";
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

test("no password, token or secret of a task is in any table, log, event or export, in whatever encoding [E1]", async () => {
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
  for (const [name, text] of Object.entries(tokens)) {
    expect(text.length).toBeGreaterThan(20);
    expect([name, where({ name, text })]).toEqual([name, []]);
  }
  for (const canary of [password, wrong, wrongSetup, wrongEnrol, wrongSession, variable, input])
    expect([canary.name, where(canary)]).toEqual([canary.name, []]);
});

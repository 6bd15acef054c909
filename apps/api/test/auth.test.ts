import { createHash } from "node:crypto";
import { WebSocket } from "ws";
import { expect, test } from "vitest";
import { authSessions } from "../src/db/schema.ts";
import { owner, refusalOf, TestApi } from "./test-api.ts";

async function post(
  platform: TestApi,
  path: string,
  { headers = {}, body = "{}" }: { headers?: Record<string, string>; body?: string } = {},
) {
  const response = await fetch(`${platform.origin}/trpc/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as { error?: { data: { code: string } } },
  };
}

async function signInCookie(platform: TestApi): Promise<string> {
  const { headers } = await post(platform, "auth.signIn", {
    body: JSON.stringify(owner),
    headers: { origin: platform.origin },
  });
  return headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

test("the set-up link makes the first account once, and nobody can use it again [T5]", async () => {
  await using platform = await TestApi.start();
  const client = platform.client();
  expect(await client.api.auth.state.query()).toEqual({ needsSetup: true, account: null, me: null });
  const setupToken = await platform.setupToken();
  const claim = (email: string) =>
    platform.client().api.auth.setUp.mutate({ ...owner, email, setupToken, orgName: "Orchard" });
  const claims = await Promise.all(
    ["ada@example.com", "eve@example.com", "mal@example.com"].map((email) =>
      claim(email).then(
        () => "done",
        (error: unknown) => refusalOf(Promise.reject(error)).then(({ code }) => code),
      ),
    ),
  );
  expect(claims.sort()).toEqual(["TOKEN_USED", "TOKEN_USED", "done"]);
  expect((await refusalOf(claim("late@example.com"))).code).toBe("TOKEN_USED");
  expect((await client.api.auth.state.query()).needsSetup).toBe(false);
  expect(await (await platform.internal("/internal/setup-link")).json()).toEqual({ url: null });
});

test("a new start makes a new set-up link and the old one ends [W5]", async () => {
  await using platform = await TestApi.start();
  const old = await platform.setupToken();
  await platform.restart();
  const claim = (setupToken: string) =>
    platform.client().api.auth.setUp.mutate({ ...owner, setupToken, orgName: "Orchard" });
  expect((await refusalOf(claim(old))).code).toBe("TOKEN_INVALID");
  expect((await claim(await platform.setupToken())).me?.orgName).toBe("Orchard");
});

test("a weak password is refused and leaves the link usable", async () => {
  await using platform = await TestApi.start();
  const { api } = platform.client();
  const setupToken = await platform.setupToken();
  const refusal = await refusalOf(
    api.auth.setUp.mutate({ ...owner, password: "short", setupToken, orgName: "Orchard" }),
  );
  expect(refusal).toEqual({ code: "BAD_REQUEST", message: "Use at least 12 characters for the password." });
  await api.auth.setUp.mutate({ ...owner, setupToken, orgName: "Orchard" });
});

test("a wrong password and an unknown account get the same answer [T7]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const { api } = platform.client();
  const wrong = await refusalOf(api.auth.signIn.mutate({ ...owner, password: "not this one at all" }));
  const unknown = await refusalOf(api.auth.signIn.mutate({ ...owner, email: "nobody@example.com" }));
  expect(wrong).toEqual(unknown);
  expect(wrong.code).toBe("WRONG_CREDENTIALS");
});

test("guessing a password is stopped after ten attempts, the right one included [T7]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const { api } = platform.client();
  const guess = (password: string) => refusalOf(api.auth.signIn.mutate({ ...owner, password }));
  for (let i = 0; i < 10; i++) expect((await guess(`guess number ${i}`)).code).toBe("WRONG_CREDENTIALS");
  expect((await guess("guess number 11")).code).toBe("RATE_LIMITED");
  expect((await guess(owner.password)).code).toBe("RATE_LIMITED");
});

test("the database holds the hash of a session's token and never the token", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const token = client.sessionToken() ?? "";
  const [row] = await platform.api.database.db.select().from(authSessions);
  expect(row?.tokenHash).toBe(createHash("sha256").update(token).digest("base64url"));
});

test("signing in starts with a new token and ends the session that was there [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const before = client.sessionToken() ?? "";
  await client.api.auth.signIn.mutate(owner);
  expect(client.sessionToken()).not.toBe(before);
  expect((await platform.client(before).api.auth.state.query()).me).toBeNull();
});

test("cookies are HttpOnly and Lax, and __Host- with Secure over https", async () => {
  await using local = await TestApi.start();
  await local.signedUp();
  const { headers } = await post(local, "auth.signIn", { body: JSON.stringify(owner) });
  expect(headers.getSetCookie()[0]).toMatch(/^quarterdeck=\w+; HttpOnly; Max-Age=\d+; Path=\/; SameSite=Lax$/);
  await using open = await TestApi.start({ QUARTERDECK_PUBLIC_URL: "https://qd.example.com" });
  const cookie = open.api.runtime.sessions.blankCookie();
  expect(cookie).toMatch(/^__Host-quarterdeck=; HttpOnly; Max-Age=0; Path=\/; SameSite=Lax; Secure$/);
});

test("a mutation with a cookie needs JSON and the console's own Origin [T5]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const cookie = await signInCookie(platform);
  const rename = (headers: Record<string, string>) =>
    post(platform, "orgs.rename", { headers: { cookie, ...headers }, body: '{"name":"Taken"}' });
  for (const origin of ["https://evil.example", "null", "http://localhost:1"]) {
    expect((await rename({ origin })).body.error?.data.code).toBe("ORIGIN_REFUSED");
  }
  expect((await rename({})).body.error?.data.code).toBe("ORIGIN_REFUSED");
  for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]) {
    expect((await rename({ origin: platform.origin, "content-type": type })).body.error?.data.code).toBe("BAD_REQUEST");
  }
  expect((await rename({ origin: platform.origin })).status).toBe(200);
});

test("a bodyless mutation from another page is refused too [T5]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const cookie = await signInCookie(platform);
  const response = await fetch(`${platform.origin}/trpc/auth.signOut`, {
    method: "POST",
    headers: { cookie, origin: "https://evil.example" },
  });
  expect(response.status).toBe(400);
  expect((await platform.client(cookie.split("=")[1]).api.auth.state.query()).me).not.toBeNull();
});

test("a WebSocket needs a session and the console's own Origin [T5]", async () => {
  await using platform = await TestApi.start();
  await platform.signedUp();
  const cookie = await signInCookie(platform);
  const open = (headers: Record<string, string>) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`${platform.origin.replace("http", "ws")}/trpc`, { headers });
      socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
      socket.on("open", () => {
        socket.terminate();
        resolve(101);
      });
      socket.on("error", () => {}); // The answer came before it.
    });
  expect(await open({ cookie, origin: "https://evil.example" })).toBe(403);
  expect(await open({ cookie })).toBe(403);
  expect(await open({ origin: platform.origin })).toBe(401);
  expect(await open({ cookie, origin: platform.origin, host: "evil.example" })).toBe(403);
  expect(await open({ cookie, origin: platform.origin })).toBe(101);
});

test("a role does what the table allows and nothing else [T1]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const { orgId } = await api.orgs.current.query();
  const viewer = (await platform.memberOf(orgId, "viewer")).api;
  expect((await viewer.orgs.current.query()).role).toBe("viewer");
  for (const call of [viewer.orgs.rename.mutate({ name: "Mine" }), viewer.servers.createEnrolment.mutate({})]) {
    expect((await refusalOf(call)).code).toBe("FORBIDDEN");
  }
  const member = (await platform.memberOf(orgId, "developer")).api;
  expect((await refusalOf(member.servers.createEnrolment.mutate({}))).code).toBe("FORBIDDEN");
});

test("fields that a client must not set are refused [T4]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const body = { name: "Mine", orgId: "org_x", role: "owner" };
  expect((await refusalOf(api.orgs.rename.mutate(body))).code).toBe("BAD_REQUEST");
});

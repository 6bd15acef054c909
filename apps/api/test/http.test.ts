import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { FakeBridge } from "./fake-bridge.ts";
import { newId, owner, refusalOf, TestApi, tokenIn } from "./test-api.ts";
import { messageText } from "./message-text.ts";

let folder: string;
let webDist: string;
let platform: TestApi;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-web-"));
  webDist = join(folder, "dist");
  await mkdir(join(webDist, "assets"), { recursive: true });
  await writeFile(join(webDist, "index.html"), "<!doctype html><title>Console</title>");
  await writeFile(join(webDist, "assets", "main-a1b2c3.js"), "export {};");
  await writeFile(join(webDist, "..", "secret.txt"), "secret");
  await writeFile(join(webDist, "bridge.tgz"), "a package");
  platform = await TestApi.start({
    QUARTERDECK_WEB_DIST: webDist,
    QUARTERDECK_BRIDGE_TARBALL: join(webDist, "bridge.tgz"),
  });
});

afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A plain request, so that Host can be anything. */
function get(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
  const { port } = new URL(platform.origin);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, headers }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

function openSocket(
  path: string,
  headers: Record<string, string> = {},
): Promise<WebSocket | { status: number; body: string }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${platform.origin.replace("http", "ws")}${path}`, { headers });
    socket.on("open", () => resolve(socket));
    socket.on("error", () => {}); // The answer came before it.
    socket.on("unexpected-response", (_, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
  });
}

test("the console's page answers every path, is never cached, and runs no script of its own within", async () => {
  for (const path of ["/", "/servers/srv_x", "/set-up"]) {
    const response = await fetch(`${platform.origin}${path}`, { headers: { accept: "text/html" } });
    expect(await response.text()).toContain("<title>Console</title>");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  }
});

test("hashed files are cached for good, missing ones are not the page", async () => {
  const response = await fetch(`${platform.origin}/assets/main-a1b2c3.js`);
  expect(response.headers.get("cache-control")).toContain("immutable");
  expect(response.headers.get("content-type")).toContain("text/javascript");
  expect((await fetch(`${platform.origin}/assets/gone.js`)).status).toBe(404);
});

test.each([
  "/../secret.txt",
  "/%2e%2e/secret.txt",
  "/assets/..%2f..%2fsecret.txt",
  "/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
])("%s leads nowhere [S6]", async (path) => {
  expect((await get(path, { host: new URL(platform.origin).host })).body).not.toContain("secret");
});

test.each(["evil.example", "evil.example:7070", "localhost.evil.example"])(
  "the Host header %j is refused everywhere [T8]",
  async (host) => {
    for (const path of ["/", "/health", "/trpc/auth.state", "/enrol"]) {
      expect((await get(path, { host })).status).toBe(403);
    }
    for (const path of ["/trpc", `/bridge/${newId("server")}`, `/viewer/${newId("server")}`]) {
      expect(await openSocket(path, { host })).toMatchObject({ status: 403 });
    }
  },
);

test("health and readiness answer, and the bridge's package is served", async () => {
  expect(await (await fetch(`${platform.origin}/health`)).json()).toEqual({ status: "ok" });
  await expect.poll(async () => (await fetch(`${platform.origin}/readyz`)).status).toBe(200);
  const tarball = await fetch(`${platform.origin}/install/quarterdeck-bridge.tgz`);
  expect(tarball.headers.get("content-type")).toBe("application/gzip");
  expect(await tarball.text()).toBe("a package");
});

test("bridges and viewers pass through to the relay, without the console's cookie", async () => {
  const serverId = newId("server");
  for (const path of [`/bridge/${serverId}`, `/viewer/${serverId}?ticket=t`]) {
    const socket = await openSocket(path, {
      cookie: "quarterdeck=secret",
      authorization: "Bearer secret",
      origin: platform.origin,
    });
    if (!(socket instanceof WebSocket)) throw new Error(socket.body);
    const echoed = new Promise((resolve) => socket.once("message", (data) => resolve(messageText(data))));
    socket.send("hello");
    expect(await echoed).toBe("hello");
    const seen = platform.relay.upgrades.at(-1)!;
    expect(seen.url).toBe(path);
    expect(JSON.stringify(seen.headers)).not.toContain("secret");
    socket.terminate();
  }
});

test("pages of other origins watch nothing, and other paths have no socket [T5]", async () => {
  expect(await openSocket(`/viewer/${newId("server")}`, { origin: "https://evil.example" })).toMatchObject({
    status: 403,
  });
  expect(await openSocket("/bridge/../internal")).toMatchObject({ status: 404 });
  expect(await openSocket("/elsewhere")).toMatchObject({ status: 404 });
});

test("while the relay is down an upgrade is answered with that", async () => {
  await using alone = await TestApi.start();
  await alone.relay.stop();
  const answer = await new Promise((resolve) => {
    const socket = new WebSocket(`${alone.origin.replace("http", "ws")}/bridge/${newId("server")}`);
    socket.on("error", () => {}); // The answer came before it.
    socket.on("unexpected-response", (_, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode, body: JSON.parse(body) as unknown }));
    });
  });
  expect(answer).toMatchObject({ status: 503, body: { code: "RELAY_UNAVAILABLE" } });
});

test("a body that is too large is refused, and a failure tells nothing of the inside", async () => {
  const body = JSON.stringify({ x: "y".repeat(1_000_000) });
  const headers = { "content-type": "application/json" };
  expect((await fetch(`${platform.origin}/trpc/auth.signIn`, { method: "POST", headers, body })).status).toBe(413);
  await using broken = await TestApi.start();
  broken.api.database.client.close();
  const answer = await (await fetch(`${broken.origin}/trpc/auth.state`)).text();
  expect(answer).toContain("INTERNAL");
  expect(answer).not.toMatch(/stack|\.ts|libsql|sqlite|CLOSED/i);
});

test("no password, token or ticket is in any log line [E1]", async () => {
  await using quiet = await TestApi.start();
  const setupToken = await quiet.setupToken();
  const client = quiet.client();
  await client.api.auth.setUp.mutate({ ...owner, setupToken, orgName: "Orchard" });
  const wrong = client.api.auth.signIn.mutate({ ...owner, password: "canary wrong password" });
  expect((await refusalOf(wrong)).code).toBe("WRONG_CREDENTIALS");
  const { command } = await client.api.servers.createEnrolment.mutate({});
  const { serverId } = await (await FakeBridge.create()).enrol(quiet.origin, tokenIn(command));
  const { path, ticket } = await client.api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  await new Promise<void>((resolve) => {
    const socket = new WebSocket(`${quiet.origin.replace("http", "ws")}${path}?ticket=${ticket}`);
    socket.on("open", () => {
      socket.terminate();
      resolve();
    });
  });
  await fetch(`${quiet.origin}/trpc/servers.get?input=${encodeURIComponent('{"serverId":"canary input"}')}`);
  await fetch(`${quiet.origin}/nothing?token=${tokenIn(command)}`);
  await client.api.workspaces.create.mutate({ name: "Shop", serverId });
  const log = quiet.logLines.join("");
  expect(log).toContain('"path":"/trpc/');
  const secrets = [
    setupToken,
    owner.password,
    "canary",
    client.sessionToken()!,
    tokenIn(command),
    ticket,
    quiet.api.runtime.keys.serviceKey,
    quiet.api.runtime.keys.operatorKey,
  ];
  for (const secret of secrets) {
    for (const form of [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64"),
      Buffer.from(secret).toString("hex"),
    ]) {
      expect(log).not.toContain(form);
    }
  }
});

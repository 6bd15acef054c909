import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, it, vi } from "vitest";
import { proxyAgent } from "../src/connection/proxy.ts";
import { RealBridge } from "./real-bridge.ts";
import { runCli } from "./run-cli.ts";

// A key that vouches for nothing but the name platform.test in this file.
const tls = (name: string) => join(import.meta.dirname, "tls", name);

/** The platform behind TLS, and in front of it a proxy that knows the way to it and to nothing else. */
async function startProxy() {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let relayPort = 0;
  const pipe = (from: Socket, to: Socket) => {
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => (socket === from ? to : from).destroy());
    }
    from.pipe(to).pipe(from);
  };
  const platform = createTlsServer(
    { key: readFileSync(tls("key.pem")), cert: readFileSync(tls("certificate.pem")) },
    (socket) => pipe(socket, connect(relayPort, "127.0.0.1")),
  );
  const proxy: Server = createServer((_, response) => response.writeHead(405).end());
  proxy.on("connect", (request, socket: Socket, head: Buffer) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"] ?? ""}`.trim());
    if (request.url !== "platform.test:443") return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const { port } = platform.address() as AddressInfo;
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) socket.unshift(head);
    pipe(socket, connect(port, "127.0.0.1"));
    return undefined;
  });
  for (const server of [platform, proxy]) await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    asked,
    url: `http://user:secret@127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    leadTo: (port: number) => (relayPort = port),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const server of [platform, proxy]) await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe("a bridge behind a proxy", () => {
  it("enrols, connects and works through it, and shows it nothing but the platform's name", async () => {
    await using proxy = await startProxy();
    const environment = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: tls("certificate.pem") };
    await using bridge = await RealBridge.start({
      url: "https://platform.test",
      args: ["--relay-url", "wss://platform.test"],
      environment,
      onRelay: (relay) => proxy.leadTo(relay.port),
    });
    expect(await bridge.relay.run({ action: "exec", params: { program: "echo", args: ["hello"] } })).toMatchObject({
      verdict: "succeeded",
    });
    const login = `Basic ${Buffer.from("user:secret").toString("base64")}`;
    expect(new Set(proxy.asked)).toEqual(new Set([`platform.test:443 ${login}`]));
    expect(proxy.asked.length).toBeGreaterThanOrEqual(3); // Two requests to enrol, and the connection.
    expect(bridge.log).not.toContain("secret");
  });

  it("says what is wrong when the proxy refuses", async () => {
    await using proxy = await startProxy();
    const enrolment = ["enrol", "--url", "https://elsewhere.test", "--token", "t", "--platform-key", "SHA256:x"];
    await using bridge = await RealBridge.start();
    const end = await runCli([...enrolment, "--data", join(bridge.data.path, "other")], { HTTPS_PROXY: proxy.url });
    expect(end.exitCode).not.toBe(0);
    expect(end.stderr).toMatch(/elsewhere\.test cannot be reached: the proxy refuses the connection with 403/);
    expect(end.stderr).not.toContain("secret");
  });
});

describe("the way to an address", () => {
  afterEach(() => vi.unstubAllEnvs());
  const isProxied = (url: string) => proxyAgent(new URL(url)) !== undefined;

  it("leads through HTTPS_PROXY, unless NO_PROXY names the address", () => {
    expect(isProxied("wss://platform.test/bridge/x")).toBe(false);
    vi.stubEnv("HTTPS_PROXY", "http://proxy.test:3128");
    vi.stubEnv("NO_PROXY", "internal.test,.corp.test");
    expect(isProxied("wss://platform.test/bridge/x")).toBe(true);
    expect(isProxied("https://platform.test")).toBe(true);
    expect(isProxied("wss://internal.test/bridge/x")).toBe(false);
    expect(isProxied("https://a.corp.test")).toBe(false);
  });

  it("never leads away from this machine", () => {
    vi.stubEnv("HTTP_PROXY", "http://proxy.test:3128");
    vi.stubEnv("HTTPS_PROXY", "http://proxy.test:3128");
    for (const host of ["127.0.0.1:7070", "localhost:7070", "[::1]:7070"])
      for (const protocol of ["http", "ws", "https", "wss"]) expect(isProxied(`${protocol}://${host}/x`)).toBe(false);
  });

  it.each(["socks5://proxy.test", "https://", "ftp://proxy.test"])("is refused through %s", (proxy) => {
    vi.stubEnv("HTTPS_PROXY", proxy);
    expect(() => isProxied("https://platform.test")).toThrow(/HTTPS_PROXY/);
  });
});

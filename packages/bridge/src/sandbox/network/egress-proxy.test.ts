import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noMeter } from "./egress-meter.ts";
import { createEgressProxy, decideAddress } from "./egress-proxy.ts";

describe("where a connection goes", () => {
  const isPublic = (address: string) => address.startsWith("93.");
  const rules = (...addresses: string[]) => ({
    hosts: ["good.example"],
    mayReach: isPublic,
    resolve: async () => addresses,
  });
  const good = { host: "good.example", port: 443 };

  it("is an address that was looked at, and the name is looked up once [T6]", async () => {
    const answers = [["93.0.0.1"], ["127.0.0.1"]];
    const rebinding = { ...rules(), resolve: async () => answers.shift() ?? [] };
    expect(await decideAddress(good, rebinding)).toBe("93.0.0.1");
    expect(answers).toHaveLength(1);
    expect(await decideAddress(good, rules("10.0.0.1", "93.0.0.2"))).toBe("93.0.0.2");
  });

  it("is nowhere for a listed name at a private address, and for every other name [T6]", async () => {
    expect(await decideAddress(good, rules("10.0.0.1"))).toMatchObject({ status: 403 });
    expect(await decideAddress(good, rules())).toMatchObject({ status: 403 });
    expect(await decideAddress({ host: "bad.example", port: 443 }, rules("93.0.0.1"))).toMatchObject({ status: 403 });
    const failing = { ...rules(), resolve: () => Promise.reject(new Error("no such name")) };
    expect(await decideAddress(good, failing)).toMatchObject({ status: 502 });
  });
});

describe("the way to a listed host", () => {
  const folder = mkdtempSync(join(tmpdir(), "qd-egress-"));
  const socket = join(folder, "proxy.sock");
  const connections: string[] = [];
  let proxy: Server;
  let site: Server;
  let sitePort: number;
  beforeAll(async () => {
    site = createServer((request, response) => {
      connections.push(
        `${request.method} ${request.url} ${request.headers.host} ${request.headers["proxy-authorization"] ?? ""}`,
      );
      request.pipe(response);
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    sitePort = (site.address() as AddressInfo).port;
    const hosts = [`good.example:${sitePort}`];
    proxy = createEgressProxy({
      hosts,
      mayReach: () => true,
      resolve: async () => ["127.0.0.1"],
      meter: noMeter,
    }).listen(socket);
    await once(proxy, "listening");
  });
  afterAll(async () => {
    for (const server of [proxy, site]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** What comes back for bytes that are sent to the proxy. */
  function exchange(text: string, answerEnds: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const client = connect(socket, () => client.write(text));
      let answer = "";
      client.on("data", (chunk: Buffer) => {
        answer += chunk.toString();
        if (answerEnds.test(answer)) client.end();
      });
      client.on("error", reject).on("close", () => resolve(answer));
    });
  }

  it("leads through it for http, with the site's own name, and without what is for proxies", async () => {
    const host = `good.example:${sitePort}`;
    const request = `POST http://${host}/path?q HTTP/1.1\r\nhost: other.example\r\nproxy-authorization: secret\r\ncontent-length: 5\r\n\r\nhello`;
    expect(await exchange(request, /hello|Quarterdeck/)).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello/);
    expect(connections.at(-1)).toBe(`POST /path?q ${host} `);
  });

  it("leads through it for everything else with CONNECT", async () => {
    const host = `good.example:${sitePort}`;
    const request = `CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\nGET /tunnel HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
    expect(await exchange(request, /chunked|Quarterdeck/)).toMatch(
      /^HTTP\/1\.1 200 Connection Established\r\n\r\nHTTP\/1\.1 200/,
    );
    expect(connections.at(-1)).toContain("GET /tunnel");
  });

  it.each([
    "GET / HTTP/1.1\r\nhost: good.example\r\n\r\n",
    "GET ftp://good.example/ HTTP/1.1\r\nhost: x\r\n\r\n",
    "CONNECT good.example HTTP/1.1\r\nhost: x\r\n\r\n",
    "CONNECT good.example:443@evil:1 HTTP/1.1\r\nhost: x\r\n\r\n",
  ])("is not found by %j [T6]", async (request) => {
    const before = connections.length;
    expect(await exchange(request, /Quarterdeck: .*\n/)).toMatch(/^HTTP\/1\.1 403/);
    expect(connections).toHaveLength(before);
  });

  it("is a port of a run's own, and the program in it ends as it ends", async () => {
    const free = createTcpServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const forwarder = join(import.meta.dirname, "../../forwarder.ts");
    const ask = `require('node:http').get({ host: '127.0.0.1', port: ${port}, path: 'http://good.example:${sitePort}/forwarded' }, (answer) => process.exit(answer.statusCode === 200 ? 3 : 4))`;
    const child = spawn(process.execPath, [forwarder, String(port), socket, process.execPath, "-e", ask], {
      stdio: "inherit",
    });
    expect((await once(child, "exit"))[0]).toBe(3);
    expect(connections.at(-1)).toContain("GET /forwarded");
  });
});

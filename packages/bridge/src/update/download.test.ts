import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { download } from "./download.ts";

afterEach(() => vi.unstubAllEnvs());

async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const options = { mostBytes: 10, signal: AbortSignal.timeout(20_000) };

it("fetches through the proxy that the environment names", async () => {
  await using proxy = await serve((_request, response) => response.end());
  const asked: string[] = [];
  proxy.server.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  await expect(download(new URL("https://platform.test/x"), options)).rejects.toThrow(
    "could not be fetched from https://platform.test: the proxy refuses the connection with 403.",
  );
  expect(asked).toEqual(["platform.test:443"]);
});

it("follows no redirection", async () => {
  await using elsewhere = await serve((_request, response) => response.end("elsewhere"));
  await using platform = await serve((_request, response) => {
    response.writeHead(302, { location: elsewhere.url }).end();
  });
  await expect(download(new URL(platform.url), options)).rejects.toThrow("it answered 302");
});

it("reads no more than expected, also of an answer that does not end", async () => {
  await using platform = await serve((_request, response) => {
    response.write("12345678901");
  });
  await expect(download(new URL(platform.url), options)).rejects.toThrow("larger than 10 bytes");
});

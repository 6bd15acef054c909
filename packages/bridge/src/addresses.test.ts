import { expect, it } from "vitest";
import { makeId } from "@quarterdeck/core/ids";
import { bridgeSocketUrl, platformUrl } from "./addresses.ts";

const serverId = makeId("server", 0, new Uint8Array(16));
const allowed = "http://10.0.2.100:7170";

it.each([
  "http://platform.example",
  "http://10.0.2.100",
  "http://10.0.2.100:7171",
  "http://10.0.2.100.example:7170",
  "http://localhost.example",
  "ftp://10.0.2.100:7170",
])("[W4] %s is refused, also where another address is allowed", (url) => {
  expect(() => platformUrl(url)).toThrow();
  expect(() => platformUrl(url, allowed)).toThrow();
  const socket = url.replace(/^http/, "ws");
  expect(() => bridgeSocketUrl(socket, serverId)).toThrow();
  expect(() => bridgeSocketUrl(socket, serverId, allowed)).toThrow();
});

it("an address without encryption is used on this machine, and where the owner named exactly that one", () => {
  expect(platformUrl("http://localhost:7070").origin).toBe("http://localhost:7070");
  expect(platformUrl(allowed, `${allowed}/`).origin).toBe(allowed);
  expect(bridgeSocketUrl("ws://10.0.2.100:7170", serverId, allowed).href).toBe(
    `ws://10.0.2.100:7170/bridge/${serverId}`,
  );
  expect(() => platformUrl(allowed)).toThrow(/is not encrypted/);
  expect(() => bridgeSocketUrl("ws://10.0.2.100:7170", serverId)).toThrow(/is not encrypted/);
});

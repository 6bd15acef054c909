import { expect, test } from "vitest";
import { PublicAddress } from "./public-address.ts";

const local = new PublicAddress(null, () => 7070);
const open = new PublicAddress("https://qd.example.com", () => 7070);

test.each(["localhost:7070", "127.0.0.1:7070", "[::1]:7070", "LOCALHOST:7070"])(
  "%s is a host of this machine [T8]",
  (host) => {
    expect(local.acceptsHost(host)).toBe(true);
  },
);

test.each([
  undefined,
  "",
  "evil.example:7070",
  "localhost",
  "localhost:7071",
  "localhost.evil.example:7070",
  "127.0.0.1.nip.io:7070",
])("%s is not [T8]", (host) => {
  expect(local.acceptsHost(host)).toBe(false);
});

test("with a public address its pages are the only ones accepted [T5]", () => {
  expect(open.acceptsHost("qd.example.com")).toBe(true);
  expect(open.acceptsOrigin("https://qd.example.com")).toBe(true);
  for (const origin of [
    "null",
    "http://qd.example.com",
    "https://qd.example.com.evil.example",
    "http://localhost:7070",
  ]) {
    expect(open.acceptsOrigin(origin)).toBe(false);
  }
  expect(open.webSocketOrigin).toBe("wss://qd.example.com");
});

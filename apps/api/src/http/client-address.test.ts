import type { IncomingMessage } from "node:http";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isInRange, parseRange, plainAddress } from "./address-ranges.ts";
import { clientAddress } from "./client-address.ts";

const from = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { "x-forwarded-for": forwarded } }) as unknown as IncomingMessage;
const proxies = ["10.0.0.0/8", "fd00::/8"];

test("the peer's address counts, whatever a header says, unless the peer is trusted [T5]", () => {
  expect(clientAddress(from("203.0.113.7", "198.51.100.1"), proxies)).toBe("203.0.113.7");
  expect(clientAddress(from("203.0.113.7", "198.51.100.1"), [])).toBe("203.0.113.7");
  expect(clientAddress(from("10.0.0.1", "198.51.100.1"), proxies)).toBe("198.51.100.1");
  expect(clientAddress(from("10.0.0.1"), proxies)).toBe("10.0.0.1");
  expect(clientAddress(from("::ffff:10.0.0.1", "198.51.100.1"), proxies)).toBe("198.51.100.1");
});

test("of several, the last that is not a proxy's counts: what a client wrote before is nothing [T5]", () => {
  expect(clientAddress(from("10.0.0.1", "198.51.100.1, 203.0.113.7"), proxies)).toBe("203.0.113.7");
  expect(clientAddress(from("10.0.0.1", "198.51.100.1, 203.0.113.7, fd00::2, 10.9.9.9"), proxies)).toBe("203.0.113.7");
  expect(clientAddress(from("10.0.0.1", "198.51.100.1, not-an-address"), proxies)).toBe("unknown");
});

test.each([
  ["203.0.113.7", "203.0.113.7/32"],
  ["203.0.113.7/24", "203.0.113.0/24"],
  ["2001:DB8:0::1/32", "2001:db8::/32"],
  ["::ffff:10.1.2.3/104", "10.0.0.0/8"],
  ["::ffff:10.1.2.3", "10.1.2.3/32"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["10.0.0.0/33", null],
  ["010.0.0.1", null],
  ["0x0a.0.0.1", null],
  ["10.1", null],
  ["167772161", null],
  ["10.0.0.0/8/8", null],
  ["10.0.0.0/ 8", null],
  ["::ffff:0:0/95", null],
  ["fe80::1%eth0", null],
  ["anywhere", null],
])("%s is written %s [T5]", (text, range) => {
  expect(parseRange(text)).toBe(range);
});

test("an IPv6 address that stands for an IPv4 one is that one, in every spelling [T5]", () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, bits) => {
      const range = parseRange(`${address}/${bits}`)!;
      const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
      const hex = `::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
      for (const spelling of [address, `::ffff:${address}`, hex, hex.toUpperCase()]) {
        expect(plainAddress(spelling)).toBe(address);
        expect(isInRange(spelling, range)).toBe(true);
      }
      expect(parseRange(range)).toBe(range);
    }),
  );
});

test("a range holds an address exactly when their first bits are the same", () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }), (one, other, bits) => {
      const range = parseRange(`${one}/${bits}`);
      fc.pre(range !== null && !range.includes(".") && !(plainAddress(other) ?? ".").includes("."));
      expect(isInRange(one, range!)).toBe(true);
      expect(isInRange(other, range!)).toBe(parseRange(`${other}/${bits}`) === range);
    }),
  );
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { apiKeyIn, hintOf, isApiKey, makeApiKey } from "./api-key.ts";

const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("every key has the shape that scanners look for, and another for other bytes", () => {
  fc.assert(
    fc.property(secret, secret, (a, b) => {
      const key = makeApiKey(a);
      expect(key).toMatch(/^qd_[0-9A-Za-z]{49}$/);
      expect(isApiKey(key)).toBe(true);
      expect(key === makeApiKey(b)).toBe(Buffer.compare(a, b) === 0);
      expect(key.endsWith(hintOf(key))).toBe(true);
    }),
  );
});

test("a key with one other character, or with two that changed places, is none", () => {
  const characters = fc.constantFrom(..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
  fc.assert(
    fc.property(secret, fc.integer({ min: 3, max: 50 }), characters, (bytes, at, character) => {
      const key = makeApiKey(bytes);
      const other = key.slice(0, at) + character + key.slice(at + 1);
      const swapped = key.slice(0, at) + key.charAt(at + 1) + key.charAt(at) + key.slice(at + 2);
      expect(isApiKey(other)).toBe(other === key);
      expect(isApiKey(swapped)).toBe(swapped === key);
    }),
  );
});

test("the checksum is the same for ever: keys that are in use stay keys", () => {
  expect(makeApiKey(new Uint8Array(32))).toBe("qd_00000000000000000000000000000000000000000003qhkmj");
});

test.each([
  ["Bearer qd_x", "qd_x"],
  ["bearer qd_x", "qd_x"],
  ["Bearer qd_x y", null],
  ["Bearer  qd_x", null],
  ["Basic qd_x", null],
  ["qd_x", null],
  ["Bearer x", null],
  ["", null],
])("of the header %j the key is %j", (header, key) => {
  expect(apiKeyIn(header)).toBe(key);
});

test("only 32 bytes make a key", () => {
  expect(() => makeApiKey(new Uint8Array(31))).toThrow(RangeError);
});

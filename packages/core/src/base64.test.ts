import fc from "fast-check";
import { expect, it } from "vitest";
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from "./base64.ts";

it("round-trips any bytes, beyond one chunk too", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000 }), (bytes) => {
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
    }),
    { numRuns: 50 },
  );
});

it("agrees with the platform's own encoder", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
  expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
});

it("refuses what is not base64url", () => {
  for (const bad of ["a+b", "a/b", "a b", "é"]) expect(() => fromBase64Url(bad)).toThrow();
});

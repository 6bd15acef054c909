import fc from "fast-check";
import { expect, test } from "vitest";
import { SecretBox } from "./secret-box.ts";

const box = new SecretBox(Buffer.alloc(32, 7));

test("what was sealed opens at its place and nowhere else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (secret, other) => {
      const sealed = box.seal(secret, ["task", "a"]);
      expect(box.open(sealed, ["task", "a"])).toBe(secret);
      if (other !== "a") expect(() => box.open(sealed, ["task", other])).toThrow(/does not open/);
    }),
  );
});

test("no bit of it can be changed, and no other master key opens it", () => {
  const bytes = Buffer.from(box.seal("hush", ["task"]), "base64url");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => box.open(changed.toString("base64url"), ["task"])).toThrow(/does not open/);
  }
  const other = new SecretBox(Buffer.alloc(32, 8));
  expect(() => other.open(bytes.toString("base64url"), ["task"])).toThrow(/does not open/);
});

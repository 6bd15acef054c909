import { nameSchema } from "@quarterdeck/core/actions/names";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { areAlike, nameKeys } from "./name-keys.ts";

const alike = (a: string, b: string) => areAlike(nameKeys(a), nameKeys(b));

describe("look-alike names", () => {
  test.each([
    ["paypal", "pаypal", "a Cyrillic а"],
    ["paypal", "paypaI", "a capital I for an l"],
    ["paypal", "paypa1", "a one for an l"],
    ["Shop", "shop", "another case"],
    ["Shop", "Ｓｈｏｐ", "full width"],
    ["Shop", "Sh\u200dop", "a joiner that nobody sees"],
    ["Shop", "Shop\ufe0f", "a variation selector"],
    ["Shop", "Sh\u00adop", "a soft hyphen"],
    ["Shop", "Sh\u200bop", "a space of no width"],
    ["Big shop", "Big\u00a0shop", "a space that does not break"],
    ["Big shop", "Big  shop", "two spaces"],
    ["café", "cafe\u0301", "a letter and its accent apart"],
    ["ısparta", "isparta", "a dotless i"],
    ["İzmir", "izmir", "an i with its dot in upper case"],
    ["Straße", "STRASSE", "a sharp s"],
    ["modern", "rnodern", "r and n for an m"],
    ["محل", "\uFEE3\uFEA4\uFEDE", "Arabic letters in the forms of their places"],
    ["Ωmega", "Ωmega", "the sign of the ohm for the letter"],
    ["𝐛𝐨𝐝𝐲", "body", "letters of mathematics"],
  ])("%s and %s: %s [T1]", (one, other) => {
    expect(alike(one, other)).toBe(true);
  });

  test.each([
    ["Fall", "Fail"],
    ["FAIL", "Fall"],
    ["shop", "shops"],
    ["café", "cafe"],
    ["محل", "محلات"],
    ["магазин", "магазины"],
    ["🚀", "🛰️"],
    ["prod", "prоd2"],
  ])("%s and %s are two names", (one, other) => {
    expect(alike(one, other)).toBe(false);
  });

  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .map((text) => nameSchema.safeParse(text))
    .filter((parsed) => parsed.success)
    .map((parsed) => parsed.data);

  test("every name is like itself in another form, and with marks that nobody sees in it", () => {
    fc.assert(
      fc.property(
        name,
        fc.constantFrom("\u200c", "\u200d", "\u2060", "\ufeff", "\ufe0e"),
        fc.nat(),
        (one, mark, at) => {
          const letters = [...one];
          const place = at % (letters.length + 1);
          const marked = [...letters.slice(0, place), mark, ...letters.slice(place)].join("");
          expect(alike(one, one.normalize("NFD"))).toBe(true);
          // A mark may keep two letters from composing, so both are compared as they are read: apart.
          expect(alike(one.normalize("NFD"), marked.normalize("NFD"))).toBe(true);
        },
      ),
    );
  });

  test("a key is a name's own: made again it is the same", () => {
    fc.assert(
      fc.property(name, (one) => {
        const { nameLook } = nameKeys(one);
        expect(nameKeys(nameLook).nameLook).toBe(nameLook);
      }),
    );
  });
});

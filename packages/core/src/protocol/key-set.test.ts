import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { advanceKeySet, type KeySet, trustedKeys } from "./key-set.ts";
import { generateSigningKey, importSigningKey, signText, type SignedText } from "./signing.ts";

interface Pair {
  readonly publicKey: string;
  readonly privateKeyPkcs8: string;
}

let pairs: Pair[];
beforeAll(async () => {
  pairs = await Promise.all(Array.from({ length: 12 }, () => generateSigningKey()));
});

const pub = (index: number) => (pairs[index] as Pair).publicKey;
const firstSet = (): KeySet => ({ version: 1, current: pub(0), next: pub(1), previous: null, revoked: [] });

async function state(set: KeySet, signer: number, domain: "keyStatement" | "command" = "keyStatement") {
  const key = await importSigningKey((pairs[signer] as Pair).privateKeyPkcs8);
  return signText(key, domain, JSON.stringify({ v: 1, ...set }));
}

const rotated = (): KeySet => ({ version: 2, current: pub(1), next: pub(2), previous: pub(0), revoked: [] });

describe("a statement about the platform's keys", () => {
  it("counts when the newest key that is known signed it, and again changes nothing", async () => {
    const text = await state(rotated(), 1);
    const once = await advanceKeySet(firstSet(), [text]);
    expect(once).toEqual({ ok: true, value: rotated() });
    expect(await advanceKeySet(rotated(), [text])).toEqual({ ok: true, value: rotated() });
  });

  it.each([
    ["the current key, which a thief of it would use", 0],
    ["a stranger's", 9],
  ])("does not count with the signature of %s [W2]", async (_, signer) => {
    expect(await advanceKeySet(firstSet(), [await state(rotated(), signer)])).toMatchObject({
      error: { code: "SIGNATURE_INVALID" },
    });
  });

  it("does not count when it was signed for another use, skips a version, or names a key twice [W2]", async () => {
    expect(await advanceKeySet(firstSet(), [await state(rotated(), 1, "command")])).toMatchObject({ ok: false });
    const wrong: KeySet[] = [
      { ...rotated(), version: 3 },
      { ...rotated(), next: pub(1) },
      { ...rotated(), revoked: [pub(0)] },
    ];
    for (const set of wrong)
      expect(await advanceKeySet(firstSet(), [await state(set, 1)])).toMatchObject({ ok: false });
  });

  it("cannot bring a revoked key back, neither an old one nor a new one [W2]", async () => {
    const before = await state(rotated(), 1);
    const revoked: KeySet = { version: 3, current: pub(1), next: pub(2), previous: null, revoked: [pub(0)] };
    const chain = [before, await state(revoked, 2)];
    expect(await advanceKeySet(firstSet(), chain)).toEqual({ ok: true, value: revoked });
    expect(await advanceKeySet(revoked, [before])).toEqual({ ok: true, value: revoked });
    const back: KeySet = { ...revoked, version: 4, previous: pub(0) };
    expect(await advanceKeySet(revoked, [await state(back, 2)])).toMatchObject({ ok: false });
    expect(await advanceKeySet(revoked, [await state({ ...back, revoked: [] }, 2)])).toMatchObject({ ok: false });
  });

  it("from any history reaches the newest set whatever is known of it, in order, repeated or with a tail missing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("rotate", "retire", "revoke"), { maxLength: 8 }),
        fc.nat(8),
        fc.nat(8),
        async (changes, from, cut) => {
          const sets = [firstSet()];
          const texts: SignedText[] = [];
          let keys = 2;
          let newest = 1;
          for (const change of changes) {
            const before = sets.at(-1) as KeySet;
            const version = before.version + 1;
            const after: KeySet =
              change === "retire"
                ? { ...before, version, previous: null }
                : {
                    version,
                    current: before.next,
                    next: pub(keys),
                    previous: change === "rotate" ? before.current : null,
                    revoked: change === "revoke" ? [...before.revoked, before.current] : before.revoked,
                  };
            texts.push(await state(after, newest));
            if (change !== "retire") newest = keys++;
            sets.push(after);
          }
          const known = sets[Math.min(from, changes.length)] as KeySet;
          const through = Math.max(known.version - 1, texts.length - cut);
          const learned = await advanceKeySet(known, texts.slice(0, through));
          expect(learned).toEqual({ ok: true, value: sets[through] });
          const set = learned.ok ? learned.value : known;
          expect(trustedKeys(set).filter((key) => set.revoked.includes(key))).toEqual([]);
          expect(await advanceKeySet(set, texts.slice(0, through))).toEqual(learned);
        },
      ),
      { numRuns: 60 },
    );
  });
});

import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OrgId } from "../ids.ts";
import { canonicalText, chain, emptyChain, type AuditRecord, type ChainedRecord, type ChainHead } from "./chain.ts";
import { judgeHead } from "./judge-head.ts";
import { ChainVerifier, type ChainFault } from "./verify-chain.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");
const chainId = "org_00000000000000000000000001" as OrgId;
const by = { chainId, sha256 };

// Any text, halves of characters, line breaks, quotes, marks of direction and what looks like the end of a field included.
const nasty = fc.constantFrom(
  "\n",
  "\r\n",
  "\0",
  '"',
  '","',
  "\\",
  "null",
  "\u202e",
  "\ud800",
  "\udc00",
  "é",
  "e\u0301",
);
const text = fc.array(fc.oneof(nasty, fc.string({ unit: "binary" })), { maxLength: 4 }).map((parts) => parts.join(""));
const nullable = fc.option(text, { nil: null });
const record: fc.Arbitrary<AuditRecord> = fc.record({
  entryId: text as fc.Arbitrary<AuditRecord["entryId"]>,
  atMs: fc.nat(),
  actor: text,
  address: nullable,
  action: text,
  subject: nullable,
  outcome: fc.constantFrom("done", "refused"),
  detail: nullable,
});
const records = fc.uniqueArray(record, { selector: ({ entryId }) => entryId, minLength: 1, maxLength: 12 });

function verify(entries: readonly ChainedRecord[], knownHeads: readonly ChainHead[] = []): ChainFault | null {
  const verifier = new ChainVerifier({ ...by, knownHeads });
  for (const entry of entries) verifier.take(entry);
  return verifier.end();
}

function headOf(entries: readonly ChainedRecord[]): ChainHead {
  return entries.at(-1) ?? emptyChain;
}

describe("the text that an entry is hashed as", () => {
  it("is the same for the same entry only, whatever characters its fields have [E2]", () => {
    fc.assert(
      fc.property(record, record, (one, other) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        expect(canonicalText(chainId, emptyChain, one) === canonicalText(chainId, emptyChain, other)).toBe(isSame);
      }),
    );
  });

  it("tells where a field ends, so that text moved from one to the next is another entry [E2]", () => {
    fc.assert(
      fc.property(record, fc.array(text, { minLength: 3, maxLength: 3 }), nasty, (entry, [a, b, c], mark) => {
        const one = { ...entry, action: `${a}${mark}${b}`, subject: c ?? null };
        const other = { ...entry, action: a ?? "", subject: `${b}${mark}${c}` };
        expect(sha256(canonicalText(chainId, emptyChain, one))).not.toBe(
          sha256(canonicalText(chainId, emptyChain, other)),
        );
      }),
    );
  });

  it("has one line and no half of a character, which encoding would turn into the same as another [E2]", () => {
    fc.assert(
      fc.property(record, (entry) => {
        const made = canonicalText(chainId, emptyChain, entry);
        expect(made).not.toMatch(/[\r\n]/);
        expect(made.isWellFormed()).toBe(true);
      }),
    );
  });

  it("names the use, the chain, the place and what is before it [E2]", () => {
    const [entry] = fc.sample(record, { numRuns: 1, seed: 1 }) as [AuditRecord];
    const texts = [
      canonicalText(chainId, emptyChain, entry),
      canonicalText("platform", emptyChain, entry),
      canonicalText(chainId, { seq: 1, hash: "" }, entry),
      canonicalText(chainId, { seq: 0, hash: "x" }, entry),
    ];
    expect(new Set(texts).size).toBe(4);
    for (const made of texts) expect(made.startsWith("quarterdeck/audit-entry/v1\0")).toBe(true);
  });
});

describe("the verifier of a chain", () => {
  it("finds nothing wrong with what was chained, in whatever pieces", () => {
    fc.assert(
      fc.property(records, fc.nat(), (given, cut) => {
        const whole = chain(by, emptyChain, given);
        const first = chain(by, emptyChain, given.slice(0, cut % given.length));
        const pieces = [...first, ...chain(by, headOf(first), given.slice(first.length))];
        expect(pieces).toEqual(whole);
        expect(verify(whole, [headOf(first), headOf(whole)])).toBeNull();
        const rest = new ChainVerifier({ ...by, from: headOf(first), knownHeads: [headOf(whole)] });
        for (const entry of whole.slice(first.length)) rest.take(entry);
        expect([rest.end(), rest.head.seq]).toEqual([null, given.length]);
      }),
    );
  });

  const changes: Record<string, (entries: ChainedRecord[], at: number) => ChainedRecord[]> = {
    "a field was edited": (entries, at) =>
      entries.map((entry, index) => (index === at ? { ...entry, detail: `${entry.detail ?? ""}x` } : entry)),
    "a hash was edited": (entries, at) =>
      entries.map((entry, index) => (index === at ? { ...entry, hash: sha256(entry.hash) } : entry)),
    "an entry was deleted": (entries, at) => entries.toSpliced(at, 1),
    "an entry was deleted and the rest renumbered": (entries, at) =>
      entries.toSpliced(at, 1).map((entry, index) => ({ ...entry, seq: index + 1 })),
    "two neighbours were swapped": (entries, at) => {
      const [one, other] = [entries[at], entries[at + 1]];
      return one && other ? entries.toSpliced(at, 2, other, one) : entries.slice(0, at);
    },
    "two neighbours were swapped with their numbers": (entries, at) => {
      const [one, other] = [entries[at], entries[at + 1]];
      return one && other
        ? entries.toSpliced(at, 2, { ...other, seq: one.seq }, { ...one, seq: other.seq })
        : entries.slice(0, at);
    },
    "an entry was inserted": (entries, at) => {
      const made = { ...(entries[at] as ChainedRecord), entryId: "ent_forged" as never };
      return entries.toSpliced(at, 0, made).map((entry, index) => ({ ...entry, seq: index + 1 }));
    },
    "an entry stands there twice": (entries, at) =>
      entries.toSpliced(at, 0, ...entries.slice(Math.max(0, at - 1), at || 1)),
    "the tail was cut": (entries, at) => entries.slice(0, at),
  };

  it.each(Object.entries(changes))("names the first bad entry when %s [E2]", (_, change) => {
    fc.assert(
      fc.property(records, fc.nat(), (given, where) => {
        const whole = chain(by, emptyChain, given);
        const at = where % whole.length;
        const changed = change([...whole], at);
        const firstOther = whole.findIndex((entry, index) => JSON.stringify(entry) !== JSON.stringify(changed[index]));
        fc.pre(firstOther !== -1 || changed.length !== whole.length);
        const expected = firstOther === -1 ? whole.length + 1 : firstOther + 1;
        // What was added at the end is in no known head, but follows from nothing.
        expect(verify(changed, [headOf(whole)])?.seq).toBe(expected);
      }),
    );
  });

  it("names the first head that somebody remembers otherwise when all was made anew from a changed entry on [E2]", () => {
    fc.assert(
      fc.property(records, fc.nat(), fc.nat(), (given, where, when) => {
        const whole = chain(by, emptyChain, given);
        const at = where % whole.length;
        const forged = chain(
          by,
          emptyChain,
          given.map((entry, index) => (index === at ? { ...entry, actor: `${entry.actor}x` } : entry)),
        );
        const known = whole.filter((_, index) => index % (1 + (when % 3)) === 0);
        const told = known.find(({ seq }) => seq > at);
        const fault = verify(forged, known);
        expect(fault).toEqual(
          told ? { kind: "replaced", seq: told.seq, entryId: forged[told.seq - 1]?.entryId } : null,
        );
      }),
    );
  });

  it("names the cut when an old copy was put in place, also after it has grown [E2]", () => {
    fc.assert(
      fc.property(records, records, fc.nat(), (given, later, where) => {
        const whole = chain(by, emptyChain, given);
        const old = whole.slice(0, where % whole.length);
        const head = headOf(whole);
        expect(verify(old, [head])).toEqual({ kind: "cut", seq: old.length + 1, entryId: null });
        const strange = later.map((entry) => ({ ...entry, action: `later ${entry.action}` }));
        const grown = [...old, ...chain(by, headOf(old), strange)];
        expect(verify(grown, [head])?.kind).toBe(grown.length < whole.length ? "cut" : "replaced");
      }),
    );
  });
});

describe("a head that is told", () => {
  it.each([
    [null, { seq: 1, hash: "a" }, "newer"],
    [{ seq: 3, hash: "a" }, { seq: 4, hash: "b" }, "newer"],
    [{ seq: 3, hash: "a" }, { seq: 3, hash: "a" }, "same"],
    [{ seq: 3, hash: "a" }, { seq: 3, hash: "b" }, "different"],
    [{ seq: 3, hash: "a" }, { seq: 2, hash: "a" }, "older"],
  ] as const)("beside %o, %o is %s [E2]", (held, told, verdict) => {
    expect(judgeHead(held, told)).toBe(verdict);
  });
});

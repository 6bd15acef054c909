import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64, toBase64Url } from "../base64.ts";
import { makeId, type RunId } from "../ids.ts";
import { clearLength, sealedContentSchema, sealedOverheadBytes, type ContentPlace } from "./content-format.ts";
import { deriveContentKey, openContent, sealContent } from "./content-sealing.ts";
import type { StreamKey } from "./run-key.ts";
import { sealedEpoch } from "./sealed-bytes.ts";

const run = makeId("run", 1, new Uint8Array(16).fill(1));
const other = makeId("run", 1, new Uint8Array(16).fill(2));
const streamKey: StreamKey = { epoch: 7, key: toBase64Url(new Uint8Array(32).fill(3)) };

const places: fc.Arbitrary<ContentPlace> = fc.oneof(
  fc.record({ kind: fc.constant("output" as const), offset: fc.nat(), isEnd: fc.boolean() }),
  fc.constantFrom({ kind: "tail" } as const, { kind: "quote" } as const, { kind: "commit" } as const),
);

async function seal(clear: Uint8Array, runId: RunId, place: ContentPlace, key = streamKey): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const contentKey = await deriveContentKey(key, runId);
  return sealContent(new Uint8Array(clear), { runId, place }, { contentKey, nonce });
}

async function open(sealed: string, runId: RunId, place: ContentPlace, key = streamKey) {
  return openContent(sealed, { runId, place }, [await deriveContentKey(key, runId)]);
}

test("what was sealed opens at its place, and its length is all that shows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), places, async (clear, place) => {
      const sealed = await seal(clear, run, place);
      expect(await open(sealed, run, place)).toEqual({ ok: true, value: new Uint8Array(clear) });
      expect(clearLength(sealed)).toBe(clear.length);
      expect(sealedEpoch(sealed)).toBe(streamKey.epoch);
      expect(sealedContentSchema(clear.length).safeParse(sealed).success).toBe(true);
      // The same again does not look the same.
      expect(await seal(clear, run, place)).not.toBe(sealed);
    }),
    { numRuns: 60 },
  );
});

test("with any one bit flipped it is refused [W4]", async () => {
  const place = { kind: "output", offset: 5, isEnd: false } as const;
  const bytes = fromBase64(await seal(new TextEncoder().encode("output"), run, place));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect(await open(toBase64(changed), run, place)).toMatchObject({
      ok: false,
      error: { code: "CONTENT_UNREADABLE" },
    });
  }
});

test("cut short or made longer it is refused [W4]", async () => {
  const place = { kind: "tail" } as const;
  const bytes = fromBase64(await seal(new TextEncoder().encode("output"), run, place));
  for (let length = 0; length < bytes.length; length++)
    expect((await open(toBase64(bytes.subarray(0, length)), run, place)).ok).toBe(false);
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  expect((await open(toBase64(longer), run, place)).ok).toBe(false);
  expect((await open("not base64!", run, place)).ok).toBe(false);
});

test("moved to another offset, end, kind or run it is refused [W4]", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), places, places, async (clear, from, to) => {
      fc.pre(JSON.stringify(from) !== JSON.stringify(to));
      const sealed = await seal(clear, run, from);
      expect((await open(sealed, run, to)).ok).toBe(false);
      expect((await open(sealed, other, from)).ok).toBe(false);
      // Not even with the right run's key.
      const keys = [await deriveContentKey(streamKey, run)];
      expect((await openContent(sealed, { runId: other, place: from }, keys)).ok).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test("the key of another epoch or project opens nothing, and a lie about the epoch does not help [W4]", async () => {
  const place = { kind: "tail" } as const;
  const sealed = await seal(new Uint8Array([1, 2, 3]), run, place);
  expect((await open(sealed, run, place, { ...streamKey, epoch: 8 })).ok).toBe(false);
  expect((await open(sealed, run, place, { ...streamKey, key: toBase64Url(new Uint8Array(32).fill(4)) })).ok).toBe(
    false,
  );
  const relabelled = fromBase64(sealed);
  new DataView(relabelled.buffer).setUint32(0, 8);
  expect((await open(toBase64(relabelled), run, place, { ...streamKey, epoch: 8 })).ok).toBe(false);
});

test("what is too short to be sealed content has no length and no epoch", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: sealedOverheadBytes - 1 }), (bytes) => {
      expect(clearLength(toBase64(bytes))).toBe(0);
      expect(sealedEpoch(toBase64(bytes))).toBeUndefined();
    }),
  );
});

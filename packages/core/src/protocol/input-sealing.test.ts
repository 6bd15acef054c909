import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, toBase64, toBase64Url } from "../base64.ts";
import { makeId, type RunId } from "../ids.ts";
import { clearLength } from "./content-format.ts";
import { deriveContentKey, openContent, sealContent } from "./content-sealing.ts";
import { deriveInputKey, openInput, sealInput, type InputPlace } from "./input-sealing.ts";
import { limits } from "./limits.ts";
import { runInputSchema } from "./run-input.ts";
import type { StreamKey } from "./run-key.ts";
import { sealedEpoch } from "./sealed-bytes.ts";

const streamKey: StreamKey = { epoch: 7, key: toBase64Url(new Uint8Array(32).fill(3)) };
const runId = (fill: number): RunId => makeId("run", 1, new Uint8Array(16).fill(fill));

const places: fc.Arbitrary<InputPlace> = fc.record({
  runId: fc.nat({ max: 255 }).map(runId),
  turn: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => toBase64Url(new Uint8Array(bytes))),
  writer: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/),
  seq: fc.integer({ min: 1 }),
  isEnd: fc.boolean(),
});
const typed = fc.uint8Array({ maxLength: 200 }).map((bytes) => new Uint8Array(bytes));

async function seal(clear: Uint8Array<ArrayBuffer>, place: InputPlace, key = streamKey) {
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  return sealInput(clear, place, { key: await deriveInputKey(key, place.runId), nonce });
}

async function open(data: string, place: InputPlace, key = streamKey) {
  return openInput({ ...place, data }, await deriveInputKey(key, place.runId));
}

test("what was typed opens at its place, and its length is all that shows", async () => {
  await fc.assert(
    fc.asyncProperty(typed, places, async (clear, place) => {
      const data = await seal(clear, place);
      expect(runInputSchema.safeParse({ type: "input", ...place, data }).success).toBe(true);
      expect(await open(data, place)).toEqual({ ok: true, value: clear });
      expect([clearLength(data), sealedEpoch(data)]).toEqual([clear.length, streamKey.epoch]);
      expect(await seal(clear, place)).not.toBe(data);
    }),
    { numRuns: 60 },
  );
});

test("with any one field of its place another it does not open [W4]", async () => {
  await fc.assert(
    fc.asyncProperty(typed, places, places, async (clear, place, other) => {
      const data = await seal(clear, place);
      for (const field of ["runId", "turn", "writer", "seq", "isEnd"] as const) {
        const moved = { ...place, [field]: field === "isEnd" ? !place.isEnd : other[field] };
        if (moved[field] === place[field]) continue;
        expect([field, (await open(data, moved)).ok]).toEqual([field, false]);
        // Not even with the key of the run that it was sealed for.
        const key = await deriveInputKey(streamKey, place.runId);
        expect([field, (await openInput({ ...moved, data }, key)).ok]).toEqual([field, false]);
      }
      expect((await open(data, place, { ...streamKey, epoch: 8 })).ok).toBe(false);
      expect((await open(data, place, { ...streamKey, key: toBase64Url(new Uint8Array(32).fill(4)) })).ok).toBe(false);
    }),
    { numRuns: 40 },
  );
});

test("with any one bit flipped, cut short, or of another epoch's label it does not open [W4]", async () => {
  const [place] = fc.sample(places, { numRuns: 1, seed: 5 }) as [InputPlace];
  const bytes = fromBase64(await seal(new TextEncoder().encode("y\n"), place));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect((await open(toBase64(changed), place)).ok).toBe(false);
  }
  for (let length = 0; length < bytes.length; length++)
    expect((await open(toBase64(bytes.subarray(0, length)), place)).ok).toBe(false);
});

test("who may read the output can neither type nor read what is typed, and the other way round [W4]", async () => {
  const [place] = fc.sample(places, { numRuns: 1, seed: 6 }) as [InputPlace];
  const [contentKey, inputKey] = [
    await deriveContentKey(streamKey, place.runId),
    await deriveInputKey(streamKey, place.runId),
  ];
  expect(contentKey.key).not.toBe(inputKey.key);
  const nonce = new Uint8Array(12);
  const clear = new TextEncoder().encode("y\n");
  const byReader = await sealInput(clear, place, { key: contentKey, nonce });
  expect((await openInput({ ...place, data: byReader }, inputKey)).ok).toBe(false);
  const data = await sealInput(clear, place, { key: inputKey, nonce });
  expect((await openInput({ ...place, data }, contentKey)).ok).toBe(false);
  // Neither is a piece that a bridge printed one that was typed, with whatever key.
  const address = { runId: place.runId, place: { kind: "output", offset: 0, isEnd: false } } as const;
  const printed = await sealContent(clear, address, { contentKey, nonce });
  for (const key of [contentKey, inputKey]) expect((await openInput({ ...place, data: printed }, key)).ok).toBe(false);
  expect((await openContent(data, address, [contentKey, inputKey])).ok).toBe(false);
});

test("the longest piece that fits a frame is a good deal of typing", async () => {
  const clear = new Uint8Array(Math.floor((limits.inputChunkLength * 3) / 4) - 32);
  const [place] = fc.sample(places, { numRuns: 1, seed: 8 }) as [InputPlace];
  expect((await seal(clear, place)).length).toBeLessThanOrEqual(limits.inputChunkLength);
});

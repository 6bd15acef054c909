import { toBase64Url } from "@quarterdeck/core/base64";
import { makeId } from "@quarterdeck/core/ids";
import { deriveInputKey, openInput } from "@quarterdeck/core/protocol/input-sealing";
import { runInputSchema, type RunInput } from "@quarterdeck/core/protocol/run-input";
import { expect, test } from "vitest";
import { InputSealer } from "./input-sealer.ts";

const runId = makeId("run", 1, new Uint8Array(16).fill(1));
const keyOf = (epoch: number) => deriveInputKey({ epoch, key: toBase64Url(new Uint8Array(32).fill(epoch)) }, runId);
const place = { runId, writer: "me", turn: "t".repeat(22), isEnd: false };

test("seals with the key of the epoch that was asked for, and sends everything in its order", async () => {
  const keys = await Promise.all([1, 2].map(keyOf));
  const sent: RunInput[] = [];
  const { promise: failure, resolve: onFailure } = Promise.withResolvers<string>();
  const sealer = new InputSealer({ keys, send: (frame) => sent.push(runInputSchema.parse(frame)), onFailure });
  const bytes = (text: string) => new TextEncoder().encode(text);
  sealer.seal({ place: { ...place, seq: 1 }, keyEpoch: 1, bytes: bytes("x".repeat(20_000)) });
  sealer.send({ type: "input", ...place, turn: null, seq: 0, data: "" });
  sealer.seal({ place: { ...place, seq: 2 }, keyEpoch: 2, bytes: bytes("y") });
  sealer.seal({ place: { ...place, seq: 3 }, keyEpoch: 3, bytes: bytes("z") });
  expect(await failure).toContain("key 3");
  expect(sent.map(({ seq }) => seq)).toEqual([1, 0, 2]);
  expect(await openInput(sent[2]!, keys[1]!)).toEqual({ ok: true, value: bytes("y") });
  expect((await openInput(sent[0]!, keys[1]!)).ok).toBe(false);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bridgeToRelaySchema } from "./bridge-to-relay.ts";
import { decodeFrame, encodeFrame } from "./codec.ts";
import { limits } from "./limits.ts";
import { relayToBridgeSchema } from "./relay-to-bridge.ts";
import { relayToViewerSchema } from "./relay-to-viewer.ts";
import { viewerToRelaySchema } from "./viewer-to-relay.ts";

const run = `run_${"0".repeat(26)}`;

describe("frames", () => {
  it("come back as they were sent", () => {
    const frame = { type: "ack", epoch: 3, stream: "commands", through: 17 } as const;
    expect(decodeFrame(bridgeToRelaySchema, encodeFrame(frame))).toEqual({ ok: true, value: frame });
    const told = { type: "error", code: "a:b", message: '":{"::' } as const;
    expect(decodeFrame(relayToBridgeSchema, encodeFrame(told))).toEqual({ ok: true, value: told });
    const interest = { type: "interest", telemetry: true, runs: [{ runId: run, fromOffset: null }] };
    expect(decodeFrame(relayToBridgeSchema, encodeFrame(interest))).toEqual({ ok: true, value: interest });
  });

  it("[W1] a batch holds frames, and no batches, and no more than it may", () => {
    const server = { type: "server", isOnline: true, sinceMs: 0 } as const;
    const isBatch = (frames: readonly object[]) =>
      decodeFrame(relayToViewerSchema, JSON.stringify({ type: "batch", frames })).ok;
    expect(isBatch([server, server])).toBe(true);
    expect(isBatch([])).toBe(false);
    expect(isBatch([{ type: "batch", frames: [server] }])).toBe(false);
    expect(isBatch(Array.from({ length: limits.batchFrames + 1 }, () => server))).toBe(false);
  });

  it.each([
    ["", "PROTOCOL_VIOLATION"],
    ["null", "PROTOCOL_VIOLATION"],
    ["[]", "PROTOCOL_VIOLATION"],
    ['{"type":"nothing"}', "PROTOCOL_VIOLATION"],
    ['{"type":"ack","epoch":1,"stream":"commands","through":1,"more":1}', "PROTOCOL_VIOLATION"],
    ['{"type":"ack","epoch":1,"stream":"commands","through":1.5}', "PROTOCOL_VIOLATION"],
    ['{"type":"ack","epoch":1,"stream":"commands","through":7,"through":1}', "PROTOCOL_VIOLATION"],
    ['{"type":"gap","type":"ack","epoch":1,"stream":"commands","through":1}', "PROTOCOL_VIOLATION"],
    ['{"type":"ack","epoch":1,"stream":"commands","through":1,"__proto__":{},"__proto__":{}}', "PROTOCOL_VIOLATION"],
    ['{"type":"ack","epoch":0,"stream":"commands","through":1}', "PROTOCOL_VIOLATION"],
    ["[".repeat(100_000), "PROTOCOL_VIOLATION"],
    [`"${"a".repeat(limits.frameBytes)}"`, "TOO_LARGE"],
    [`"${"é".repeat(limits.frameBytes / 2)}"`, "TOO_LARGE"],
  ])("[W1] refuses %.40j with %s", (text, code) => {
    expect(decodeFrame(bridgeToRelaySchema, text)).toMatchObject({ ok: false, error: { code } });
  });

  it("[W1] decides about any text without throwing", () => {
    const schemas = [bridgeToRelaySchema, relayToBridgeSchema, viewerToRelaySchema, relayToViewerSchema];
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.json({ maxDepth: 50 }).map((json) => `{"type":"output","data":${json}}`),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(...schemas), (text, schema) => {
        expect(typeof decodeFrame<unknown>(schema, text).ok).toBe("boolean");
      }),
      { numRuns: 2000 },
    );
  });

  it("are not counted as deep for brackets inside strings", () => {
    const frame = { type: "error", code: "X", message: `${"[{".repeat(200)}\\"` };
    expect(decodeFrame(relayToBridgeSchema, encodeFrame(frame)).ok).toBe(true);
  });

  it("are never sent too large", () => {
    expect(() => encodeFrame({ type: "x".repeat(limits.frameBytes) })).toThrow(RangeError);
  });
});

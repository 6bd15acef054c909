import { limits } from "@quarterdeck/core/protocol/limits";
import { expect, test } from "vitest";
import { VainOutput } from "./vain-output.ts";

const piece = limits.outputChunkBytes;

test("[W1] output that nobody takes is bounded, in bytes and in pieces", () => {
  for (const bytes of [1, piece]) {
    const vain = new VainOutput();
    let sent = 0;
    while (vain.admits({ bytes, isTaken: false })) sent += 1;
    expect(sent * bytes).toBeLessThanOrEqual(limits.vainOutputBytes);
    expect(sent).toBeLessThan(20_000);
    expect(sent).toBeGreaterThan(limits.outputCreditBytes / piece);
  }
});

test("a viewer that pauses and comes back as often as it likes costs the bridge nothing", () => {
  const vain = new VainOutput();
  for (let round = 0; round < 1000; round++) {
    for (let taken = 0; taken < limits.viewerBehindBytes; taken += piece) vain.admits({ bytes: piece, isTaken: true });
    for (let vainly = 0; vainly < limits.outputCreditBytes; vainly += piece) {
      expect(vain.admits({ bytes: piece, isTaken: false })).toBe(true);
    }
  }
});

test("viewers that come and go at once cost it nothing either", () => {
  const vain = new VainOutput();
  for (let round = 0; round < 1000; round++) {
    vain.interestSent();
    expect(vain.admits({ bytes: limits.outputCreditBytes - 2 * piece, isTaken: false })).toBe(true);
  }
});

import { limits } from "@quarterdeck/core/protocol/limits";
import { expect, test } from "vitest";
import {
  checkAcknowledgement,
  freeWindow,
  resumeCommands,
  sendableThrough,
  splitIntoFrames,
} from "./command-stream.ts";

const position = { assigned: 10, acknowledged: 6 };

test("[W1] an acknowledgement past what was sent is refused, an old one is not", () => {
  expect(checkAcknowledgement(position, 11).ok).toBe(false);
  expect(checkAcknowledgement(position, 10).ok).toBe(true);
  expect(checkAcknowledgement(position, 2).ok).toBe(true);
});

test("the window counts what is on the way and is never negative", () => {
  expect(freeWindow(position)).toBe(limits.commandsInFlight - 4);
  expect(freeWindow({ assigned: 500, acknowledged: 0 })).toBe(0);
  expect(sendableThrough({ assigned: 500, acknowledged: 7 })).toBe(7 + limits.commandsInFlight);
});

test("the same session goes on where its journal stands", () => {
  expect(resumeCommands(position, { isSameSession: true, received: 8 })).toEqual({ kind: "continue", acknowledged: 8 });
});

test("[F8] a journal restored from an old copy: what it forgot is lost, the rest is numbered from there", () => {
  expect(resumeCommands(position, { isSameSession: true, received: 3 })).toEqual({
    kind: "restart",
    lostAfter: 3,
    restartAt: 3,
  });
});

test("a new session lost everything that was acknowledged", () => {
  expect(resumeCommands(position, { isSameSession: false, received: 0 })).toEqual({
    kind: "restart",
    lostAfter: 0,
    restartAt: 0,
  });
});

test("a journal that is ahead of this storage loses nothing and moves the numbers on", () => {
  expect(resumeCommands(position, { isSameSession: true, received: 12 })).toEqual({
    kind: "restart",
    lostAfter: 6,
    restartAt: 12,
  });
});

test("frames hold no more items than allowed and no more bytes than a frame may have", () => {
  const items = Array.from({ length: 9 }, (_, seq) => ({ seq, text: "ä".repeat(30_000) }));
  const frames = splitIntoFrames(items, 128);
  expect(frames.flat()).toEqual(items);
  const encoder = new TextEncoder();
  for (const frame of frames)
    expect(encoder.encode(JSON.stringify(frame)).length).toBeLessThanOrEqual(limits.frameBytes);
  expect(splitIntoFrames([1, 2, 3], 2)).toEqual([[1, 2], [3]]);
  expect(splitIntoFrames([], 2)).toEqual([]);
});
